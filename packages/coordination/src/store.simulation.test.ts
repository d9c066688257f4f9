/**
 * Three brokers race for the controllership and write partition states, while connections break,
 * answers are lost, sessions expire, the ensemble stops and somebody removes `/controller`.
 * Checked against what was applied:
 *
 * - every write is of the controller epoch in force when it is applied;
 * - what a writer calls written was applied, exactly once, and with the version it says;
 * - what it calls a conflict was not applied;
 * - when all faults are gone, somebody is elected and writes.
 */
import { brokerId, errorCode, leaderEpoch, type PartitionEpoch } from "@zoolog/base";
import {
  CoordinationSimulation,
  SIMULATION_SEEDS,
  sampleState,
  sampleTopic,
} from "@zoolog/testkit";
import type { Operation, OperationResult } from "@zoolog/zookeeper";
import type { ControllerWriter, PartitionStateWrite } from "./port/controller-writer.ts";
import type { CoordinationStore } from "./port/coordination-store.ts";

const PARTITIONS = 6;
const VIRTUAL_MS = 20_000;
/** How long the ensemble stands still, at most: longer than sessions. */
const STOPPED_MS_MAX = 3_000;

class Simulation {
  readonly #simulation: CoordinationSimulation;
  readonly #applied = new Map<number, { partition: number; version: number }>();
  #epochInForce = 0;
  #nextToken = 1;
  elections = 0;
  written = 0;
  conflicts = 0;
  fenced = 0;

  constructor(seed: number) {
    this.#simulation = new CoordinationSimulation(seed, { latencyMs: 2 });
    this.#simulation.world.ensemble.onWrite((operations, results) =>
      this.#check(operations, results),
    );
  }

  get violations(): readonly string[] {
    return this.#simulation.violations;
  }

  async run(): Promise<void> {
    const simulation = this.#simulation;
    const { world } = simulation;
    const { ensemble, time } = world;
    const stores = await simulation.open();
    const hand = await world.settled(ensemble.connect("zkCli"));
    await simulation.run(stores, {
      act: (store, id) => this.#reign(store, id),
      faults: [
        () => {
          if (!simulation.chance(0.2)) return;
          ensemble.stop();
          time.scheduler.after(simulation.draw(STOPPED_MS_MAX), () => ensemble.start());
        },
        // What operators do to force an election: the one in office lives and knows nothing.
        () => hand.remove("/controller").catch(() => {}),
      ],
      virtualMs: VIRTUAL_MS,
    });
    await this.#checkAlive(stores[0]!);
    await world.close();
  }

  /** Takes office, writes, loses or leaves it, and again. */
  async #reign(store: CoordinationStore, id: number): Promise<void> {
    while (!this.#simulation.isOver) {
      try {
        const election = await store.electController(brokerId(id));
        if (election.outcome === "elected") {
          this.elections += 1;
          await this.#write(store, election.writer);
          if (this.#simulation.chance(0.3)) await election.writer.resign();
        }
      } catch (error) {
        const expected = ["CONTROLLER_FENCED", "COORDINATION_UNAVAILABLE"];
        if (!expected.includes(errorCode(error) ?? "")) throw error;
        if (errorCode(error) === "CONTROLLER_FENCED") this.fenced += 1;
      }
      await this.#simulation.pause(300);
    }
  }

  async #write(store: CoordinationStore, writer: ControllerWriter): Promise<void> {
    await writer.createTopic(sampleTopic("orders", PARTITIONS));
    const known = await this.#readEpochs(store);
    while (!this.#simulation.isOver && this.#simulation.chance(0.9)) {
      const writes = [...known]
        .filter(() => this.#simulation.chance(0.7))
        .map(([partition, epoch]) => this.#stateWrite(writer, partition, epoch));
      for (const [i, result] of (await writer.writePartitionStates(writes)).entries()) {
        const token = writes[i]!.state.leaderEpoch;
        const applied = this.#applied.get(token);
        if (result.outcome === "written") {
          this.written += 1;
          known.set(result.partition, result.partitionEpoch);
          if (applied?.version !== result.partitionEpoch)
            this.#simulation.violated("written, not applied", token);
        } else {
          this.conflicts += 1;
          if (applied !== undefined) this.#simulation.violated("applied, called a conflict", token);
          if (result.stored.status !== "present") continue;
          known.set(result.partition, result.stored.partitionEpoch);
        }
      }
      await this.#simulation.pause(40);
    }
  }

  /** The leader epoch is a number that no other write has. */
  #stateWrite(
    writer: ControllerWriter,
    partition: number,
    expectedPartitionEpoch: PartitionEpoch,
  ): PartitionStateWrite {
    const state = {
      ...sampleState({ controller: writer.controllerEpoch }),
      leaderEpoch: leaderEpoch(this.#nextToken++),
    };
    // Now and then an epoch that is not the present one.
    const stale = this.#simulation.chance(0.05) && expectedPartitionEpoch > 0;
    const expected = (
      stale ? expectedPartitionEpoch - 1 : expectedPartitionEpoch
    ) as PartitionEpoch;
    return { topic: "orders", partition, expectedPartitionEpoch: expected, state };
  }

  async #readEpochs(store: CoordinationStore): Promise<Map<number, PartitionEpoch>> {
    const { topics } = await store.readCluster();
    const epochs = new Map<number, PartitionEpoch>();
    for (const [partition, { stored }] of (topics[0]?.partitions ?? []).entries()) {
      if (stored.status === "present") epochs.set(partition, stored.partitionEpoch);
    }
    return epochs;
  }

  #check(operations: readonly Operation[], results: readonly OperationResult[]): void {
    for (const [i, operation] of operations.entries()) {
      if (operation.type !== "setData" && operation.type !== "create") continue;
      const text = Buffer.from(operation.data).toString();
      if (operation.path === "/controller_epoch") {
        if (Number(text) > 0 && Number(text) !== this.#epochInForce + 1) {
          this.#simulation.violated("controller epoch out of turn", Number(text));
        }
        this.#epochInForce = Number(text);
      }
      const partition = /partitions\/(\d+)\/state$/.exec(operation.path)?.[1];
      const result = results[i];
      if (partition === undefined || result?.type !== "setData") continue;
      const state: { controller_epoch: number; leader_epoch: number } = JSON.parse(text);
      if (state.controller_epoch !== this.#epochInForce) {
        this.#simulation.violated("written under an epoch that is over", state.leader_epoch);
      }
      if (this.#applied.has(state.leader_epoch))
        this.#simulation.violated("applied twice", state.leader_epoch);
      const { version } = result.stat;
      this.#applied.set(state.leader_epoch, { partition: Number(partition), version });
    }
  }

  async #checkAlive(store: CoordinationStore): Promise<void> {
    const { world, brokers } = this.#simulation;
    for (;;) {
      const election = await world.settled(store.electController(brokerId(0)));
      if (election.outcome === "elected") {
        const known = await world.settled(this.#readEpochs(store));
        const writes = [...known].map(([p, epoch]) => this.#stateWrite(election.writer, p, epoch));
        await world.settled(election.writer.writePartitionStates(writes));
        return;
      }
      // The last one in office never left it.
      world.ensemble.expire(brokers[election.controller?.brokerId ?? 0]!);
      await world.pass(5_000);
    }
  }
}

test("whatever breaks, writes are fenced, applied once and told truly", async () => {
  const totals = { elections: 0, written: 0, conflicts: 0, fenced: 0 };
  for (const seed of SIMULATION_SEEDS) {
    const simulation = new Simulation(seed);
    await simulation.run();

    expect({ seed, violations: simulation.violations }).toEqual({ seed, violations: [] });
    totals.elections += simulation.elections;
    totals.written += simulation.written;
    totals.conflicts += simulation.conflicts;
    totals.fenced += simulation.fenced;
  }
  // A simulation in which little happens proves little.
  expect(totals.elections).toBeGreaterThan(5 * SIMULATION_SEEDS.length);
  expect(totals.written).toBeGreaterThan(50 * SIMULATION_SEEDS.length);
  expect(totals.conflicts).toBeGreaterThan(SIMULATION_SEEDS.length);
  expect(totals.fenced).toBeGreaterThan(SIMULATION_SEEDS.length);
}, 3_600_000);
