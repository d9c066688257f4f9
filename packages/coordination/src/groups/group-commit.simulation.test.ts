/**
 * Three brokers coordinate one slot in turns: whoever it is given to commits offsets and rebalances a
 * group, while connections break, answers are lost, sessions expire and the slot moves on. Checked
 * against what was applied:
 *
 * - every write is of the coordinator epoch in force when it is applied;
 * - no offset goes back: what was asked for later is what stands there;
 * - a group and its members are of one generation after every transaction;
 * - what was answered is found by whoever coordinates next;
 * - when all faults are gone, somebody coordinates and writes.
 */
import {
  brokerEpoch,
  brokerId,
  type CoordinatorEpoch,
  coordinatorEpoch,
  errorCode,
  offset,
  timestamp,
} from "@zoolog/base";
import { CoordinationSimulation, SIMULATION_SEEDS } from "@zoolog/testkit";
import type { Operation } from "@zoolog/zookeeper";
import type { CoordinationStore } from "../port/coordination-store.ts";
import type { GroupChange, SlotWriter } from "../port/slot-writer.ts";
import { encodeSlot } from "../znodes/slot-znode.ts";

const PARTITIONS = 8;
const MEMBERS = 4;
/** Opened together with the slot that passes on; stays where it is. */
const NEIGHBOUR = { slot: 1, coordinatorEpoch: coordinatorEpoch(0) };
const VIRTUAL_MS = 15_000;

class Simulation {
  readonly #simulation: CoordinationSimulation;
  /** What stands there, by partition. */
  readonly #standing = new Map<number, number>();
  /** The highest that was answered, by partition. */
  readonly #answered = new Map<number, number>();
  #answeredGeneration = 0;
  /** Every offset and generation is a number that no other write has; later ones are higher. */
  #nextToken = 1;
  reigns = 0;
  answers = 0;
  fenced = 0;

  constructor(seed: number) {
    // With the longer one several rounds of offsets are under way at the same time.
    const latencyMs = seed % 2 === 0 ? 2 : 70;
    this.#simulation = new CoordinationSimulation(seed, { latencyMs });
    this.#simulation.world.ensemble.onWrite((operations) => this.#check(operations));
  }

  get violations(): readonly string[] {
    return this.#simulation.violations;
  }

  async run(): Promise<void> {
    const simulation = this.#simulation;
    const { world } = simulation;
    const stores = await simulation.open();
    const hand = await world.settled(world.ensemble.connect("controller"));
    for (const slot of [0, 1]) {
      await world.settled(hand.create(`/coordinators/${slot}`, this.#slotOf(0)));
    }
    const giveSlotTo = async (broker: number): Promise<void> => {
      await hand.setData("/coordinators/0", this.#slotOf(broker));
    };
    await simulation.run(stores, {
      act: (store, id) => this.#coordinate(store, id),
      faults: [() => giveSlotTo(simulation.draw(simulation.brokers.length))],
      virtualMs: VIRTUAL_MS,
    });
    await world.settled(giveSlotTo(0));
    await this.#checkAlive(stores[0]!);
    await world.close();
  }

  /** Waits for the slot, begins from what stands there, and writes until it is fenced. */
  async #coordinate(store: CoordinationStore, id: number): Promise<void> {
    while (!this.#simulation.isOver) {
      try {
        const [slot] = await store.readSlots();
        if (slot?.brokerId === id) await this.#reign(store, slot.coordinatorEpoch);
      } catch (error) {
        const expected = ["COORDINATOR_FENCED", "COORDINATION_UNAVAILABLE"];
        if (!expected.includes(errorCode(error) ?? "")) throw error;
        if (errorCode(error) === "COORDINATOR_FENCED") this.fenced += 1;
      }
      await this.#simulation.pause(200);
    }
  }

  async #reign(store: CoordinationStore, epoch: CoordinatorEpoch): Promise<void> {
    const answered = new Map(this.#answered);
    const generation = this.#answeredGeneration;
    const opened = await store.openSlots([NEIGHBOUR, { slot: 0, coordinatorEpoch: epoch }]);
    const writer = opened.find(({ slot }) => slot === 0);
    if (writer === undefined) {
      this.fenced += 1;
      return;
    }
    await this.#checkFound(store, answered, generation);
    this.reigns += 1;
    // As a coordinator does: many are under way at the same time, and none waits for another.
    const underWay = new Set<Promise<void>>();
    while (!this.#simulation.isOver && !writer.fenced && !this.#simulation.chance(0.01)) {
      const write = this.#write(writer).catch((error: unknown) => {
        if (errorCode(error) !== "COORDINATOR_FENCED") throw error;
      });
      underWay.add(write);
      await this.#simulation.pause(10);
    }
    if (this.#simulation.chance(0.5)) writer.close();
    await Promise.all(underWay);
  }

  async #write(writer: SlotWriter): Promise<void> {
    if (this.#simulation.chance(0.1)) {
      const generation = this.#nextToken++;
      await writer.write(rebalance(generation));
      this.#answeredGeneration = Math.max(this.#answeredGeneration, generation);
    } else {
      const partitions = Array.from({ length: PARTITIONS }, (_, p) => p);
      const asked = partitions
        .filter(() => this.#simulation.chance(0.5))
        .map((partition) => ({ partition, token: this.#nextToken++ }));
      await writer.write(asked.map(commit));
      for (const { partition, token } of asked) {
        this.#answered.set(partition, Math.max(token, this.#answered.get(partition) ?? 0));
      }
    }
    this.answers += 1;
  }

  async #checkFound(
    store: CoordinationStore,
    answered: ReadonlyMap<number, number>,
    generation: number,
  ): Promise<void> {
    const { value } = await store.readOffsets("g", "all");
    const found = new Map(value.map((each) => [each.partition, each.committed.offset as number]));
    for (const [partition, token] of answered) {
      if ((found.get(partition) ?? 0) < token)
        this.#simulation.violated("answered, not found", token);
    }
    const { value: groups } = await store.readGroups(() => true);
    const group = groups[0]?.group;
    const generationFound = group?.type === "classic" ? group.generationId : 0;
    if (generationFound < generation) this.#simulation.violated("generation not found", generation);
  }

  #check(operations: readonly Operation[]): void {
    const [check, ...own] = operations;
    const { znodes } = this.#simulation.world.ensemble;
    if (!own.some(({ path }) => path.startsWith("/consumers/"))) return;
    const inForce = znodes.stat("/coordinators/0")?.version;
    if (check?.type !== "check" || check.version !== inForce) {
      this.#simulation.violated("written under an epoch that is over", 0);
    }
    for (const operation of own) {
      const partition = /offsets\/orders\/(\d+)$/.exec(operation.path)?.[1];
      if (partition === undefined || !("data" in operation)) continue;
      const { offset: token } = JSON.parse(Buffer.from(operation.data).toString());
      if (token < (this.#standing.get(Number(partition)) ?? 0)) {
        this.#simulation.violated("an offset went back", token);
      }
      this.#standing.set(Number(partition), token);
    }
    const generations = new Set(
      ["/consumers/g", ...(znodes.children("/consumers/g/ids") ?? []).map(memberPath)].map(
        (path) => JSON.parse(Buffer.from(znodes.data(path)!).toString()).generation,
      ),
    );
    if (generations.size > 1)
      this.#simulation.violated("two generations side by side", [...generations][0]);
  }

  async #checkAlive(store: CoordinationStore): Promise<void> {
    const { world } = this.#simulation;
    const [slot] = await world.settled(store.readSlots());
    const { coordinatorEpoch } = slot!;
    const [writer] = await world.settled(store.openSlots([{ slot: 0, coordinatorEpoch }]));
    await world.settled(this.#checkFound(store, this.#answered, this.#answeredGeneration));
    await world.settled(this.#write(writer!));
  }

  #slotOf(broker: number): Uint8Array {
    return encodeSlot({
      slot: 0,
      expectedCoordinatorEpoch: undefined,
      coordinatorEpoch: coordinatorEpoch(0),
      controllerEpoch: 1 as never,
      brokerId: brokerId(broker),
      brokerEpoch: brokerEpoch(1),
    });
  }
}

const memberPath = (name: string): string => `/consumers/g/ids/${name}`;

/** Each member's assignment is of the group's generation. */
function rebalance(generationId: number): GroupChange[] {
  const members = Array.from({ length: MEMBERS }, (_, i): GroupChange => {
    return {
      type: "member",
      groupId: "g",
      memberId: `m-${i}`,
      value: {
        type: "classic",
        instanceId: undefined,
        clientId: "app",
        clientHost: "h",
        sessionTimeoutMs: 1,
        rebalanceTimeoutMs: 1,
        protocols: [],
        assignment: new Uint8Array(0),
        generationId,
      },
    };
  });
  const value = {
    type: "classic",
    generationId,
    protocolType: undefined,
    protocolName: undefined,
    leader: undefined,
  } as const;
  return [...members, { type: "group", groupId: "g", value }];
}

function commit({ partition, token }: { partition: number; token: number }): GroupChange {
  return {
    type: "offset",
    groupId: "g",
    topic: "orders",
    partition,
    value: {
      offset: offset(token),
      leaderEpoch: undefined,
      metadata: "",
      committedAt: timestamp(1),
      topicId: undefined,
    },
  };
}

test("whatever breaks, commits are fenced, none goes back and none that was answered is lost", async () => {
  const totals = { reigns: 0, answers: 0, fenced: 0 };
  for (const seed of SIMULATION_SEEDS) {
    const simulation = new Simulation(seed);
    await simulation.run();

    expect({ seed, violations: simulation.violations }).toEqual({ seed, violations: [] });
    totals.reigns += simulation.reigns;
    totals.answers += simulation.answers;
    totals.fenced += simulation.fenced;
  }
  // A simulation in which little happens proves little.
  expect(totals.reigns).toBeGreaterThan(5 * SIMULATION_SEEDS.length);
  expect(totals.answers).toBeGreaterThan(200 * SIMULATION_SEEDS.length);
  expect(totals.fenced).toBeGreaterThan(SIMULATION_SEEDS.length);
}, 3_600_000);
