import {
  type BrokerId,
  brokerEpoch,
  brokerId,
  controllerEpoch,
  coordinatorEpoch,
  partitionEpoch,
  type TopicId,
  timestamp,
} from "@zoolog/base";
import { controllerViolations } from "@zoolog/testkit";
import fc from "fast-check";
import { applyAll } from "./apply.ts";
import type { ControllerEvent } from "./controller-event.ts";
import { decide } from "./decide.ts";
import type { BootKind, PartitionImage } from "./image/cluster-image.ts";
import { applyImageDelta, imageDelta } from "./image/image-delta.ts";
import { loadController } from "./load-controller.ts";
import type { ObservedBroker, ObservedSlot, StoredState } from "./observed-cluster.ts";
import type { ControllerRecord } from "./state/controller-record.ts";
import type { ControllerSettings, ControllerState } from "./state/controller-state.ts";

const BROKERS = [0, 1, 2, 3].map(brokerId);
const TOPICS = ["a", "b", "c"];

/** Not to be divided by most numbers of brokers. */
const SLOTS = 7;

const SETTINGS: ControllerSettings = {
  coordinatorSlots: SLOTS,
  defaultPartitions: 2,
  defaultReplicationFactor: 2,
  uncleanLeaderElection: false,
  deleteTopicEnabled: true,
  leaderRebalance: { checkIntervalMs: 1_000, imbalancePercentMax: 0 },
  configs: { fault: () => undefined, listDefault: () => undefined },
};

/** What can happen; numbers choose among what there is when it happens. */
type Step =
  | { readonly do: "start"; readonly broker: BrokerId; readonly boot: BootKind }
  | { readonly do: "stop" | "shutdown" | "refuse" | "answer"; readonly broker: BrokerId }
  | { readonly do: "editSlot" | "removeSlot" | "garbleSlot"; readonly slot: number }
  | { readonly do: "create"; readonly topic: string; readonly rf: number; readonly start: number }
  | { readonly do: "delete"; readonly topic: string }
  | { readonly do: "alter" | "offline" | "edit"; readonly pick: number; readonly isr: number }
  | { readonly do: "failover" | "rebalance" };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("start" as const),
      broker: fc.constantFrom(...BROKERS),
      boot: fc.constantFrom<BootKind>("clean", "clean", "unclean", "newFolder"),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constantFrom(
        "stop" as const,
        "shutdown" as const,
        "refuse" as const,
        "answer" as const,
      ),
      broker: fc.constantFrom(...BROKERS),
    }),
  },
  fc.record({
    do: fc.constantFrom("editSlot" as const, "removeSlot" as const, "garbleSlot" as const),
    slot: fc.nat({ max: SLOTS - 1 }),
  }),
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("create" as const),
      topic: fc.constantFrom(...TOPICS),
      rf: fc.integer({ min: 1, max: 4 }),
      start: fc.nat(),
    }),
  },
  fc.record({ do: fc.constant("delete" as const), topic: fc.constantFrom(...TOPICS) }),
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constantFrom("alter" as const, "alter" as const, "offline" as const, "edit" as const),
      pick: fc.nat(),
      isr: fc.nat(),
    }),
  },
  fc.record({ do: fc.constantFrom("failover" as const, "rebalance" as const) }),
);

/** A controller with what would stand in ZooKeeper beside it. */
class World {
  state = load(controllerEpoch(1), [], new Map(), []);
  readonly brokers = new Map<BrokerId, ObservedBroker>();
  /** The znodes of slots. */
  readonly #slots = new Map<number, ObservedSlot>();
  /** The highest epoch under which each slot was ever given to somebody. */
  readonly #slotEpochs = new Map<number, number>();
  #clock = 0;
  #epoch = 1;

  run(step: Step): void {
    const event = this.#event(step);
    if (event === undefined) return;
    const before = this.state;
    const { records } = decide(before, event, timestamp(this.#clock++));
    this.state = applyAll(before, records);
    this.#writeSlots(records);
    expect(controllerViolations(before, this.state)).toEqual([]);
    for (const [former, next] of changedPartitions(before, this.state)) {
      this.#checkElection(former, next, step);
    }
    const update = applyImageDelta(before.image, imageDelta(before.image, this.state.image));
    if (records.length === 0) expect(update.outcome).toBe("stale");
    else expect(update).toEqual({ outcome: "updated", image: this.state.image });
    expect(applyImageDelta(undefined, imageDelta(undefined, this.state.image))).toEqual({
      outcome: "updated",
      image: this.state.image,
    });
    this.#checkSettled();
  }

  /** Without unclean elections: who leads was in the ISR, and its log was not in doubt. */
  #checkElection(former: PartitionImage, next: PartitionImage, step: Step): void {
    if (step.do === "edit" || former.isr.length === 0 || next.leader === undefined) return;
    expect(former.isr).toContain(next.leader);
    const joined = next.isr.filter((member) => !former.isr.includes(member));
    if (step.do !== "alter") expect(joined).toEqual([]);
    if (next.leaderEpoch === former.leaderEpoch) return;

    const leader = this.brokers.get(next.leader);
    const known = former.isrBrokerEpochs[former.isr.indexOf(next.leader)];
    if (known === leader?.brokerEpoch) return;
    expect(leader?.boot).not.toBe("newFolder");
    if (next.replicas.length > 1) expect(leader?.boot).toBe("clean");
  }

  /** Nothing is left to do once everything was done: a second look changes nothing. */
  #checkSettled(): void {
    const again: ControllerEvent = { type: "brokersObserved", brokers: [...this.brokers.values()] };
    expect(decide(this.state, again, timestamp(this.#clock)).records).toEqual([]);
    const slots: ControllerEvent = { type: "slotsObserved", slots: [...this.#slots.values()] };
    expect(decide(this.state, slots, timestamp(this.#clock)).records).toEqual([]);
    this.#checkSlots();
    for (const topic of this.state.image.topics.values()) {
      for (const partition of topic.partitions) {
        if (partition.leader !== undefined) continue;
        const able = partition.isr.some((member) => {
          const broker = this.brokers.get(member);
          const offline = partition.offlineReplicas.some((r) => r.brokerId === member);
          const assigned = partition.replicas.includes(member);
          const reachable = !this.state.unreachable.has(member);
          return assigned && broker?.boot === "clean" && !offline && reachable;
        });
        expect(able).toBe(false);
      }
    }
  }

  /** As ZooKeeper would: compare and set, and the version counts the writes. */
  #writeSlots(records: readonly ControllerRecord[]): void {
    for (const record of records) {
      if (record.type !== "slotChanged") continue;
      const { slot, brokerId, brokerEpoch, coordinatorEpoch, expectedCoordinatorEpoch } = record;
      expect(this.#slots.get(slot)?.coordinatorEpoch).toBe(expectedCoordinatorEpoch);
      expect(coordinatorEpoch).toBeGreaterThan(this.#slotEpochs.get(slot) ?? -1);
      this.#slotEpochs.set(slot, coordinatorEpoch);
      this.#slots.set(slot, { slot, brokerId, brokerEpoch, coordinatorEpoch });
    }
  }

  /** Whenever somebody is there, every slot has a coordinator in its present life, evenly spread. */
  #checkSlots(): void {
    const { image, unreachable } = this.state;
    const there = [...image.brokers.values()].filter((b) => !unreachable.has(b.brokerId));
    const staying = there.filter((broker) => !broker.shuttingDown);
    const able = staying.length > 0 ? staying : there;
    if (able.length === 0) return;
    const held = new Map(able.map(({ brokerId }) => [brokerId, 0]));
    for (const slot of image.coordinators) {
      const broker = able.find(({ brokerId }) => brokerId === slot.brokerId);
      expect(slot).toMatchObject({
        brokerEpoch: broker?.brokerEpoch,
        coordinatorEpoch: this.#slots.get(slot.slot)?.coordinatorEpoch,
      });
      held.set(slot.brokerId!, held.get(slot.brokerId!)! + 1);
    }
    expect(held.size).toBe(able.length);
    expect(Math.max(...held.values()) - Math.min(...held.values())).toBeLessThanOrEqual(1);
  }

  #slotEvent(step: Extract<Step, { slot: number }>): ControllerEvent | undefined {
    const slot = this.#slots.get(step.slot);
    if (slot === undefined) return undefined;
    if (step.do === "removeSlot") {
      this.#slots.delete(step.slot);
    } else {
      const by = step.do === "editSlot" ? BROKERS[0] : undefined;
      const next = coordinatorEpoch(slot.coordinatorEpoch + 1);
      this.#slots.set(step.slot, { ...slot, brokerId: by, coordinatorEpoch: next });
    }
    return { type: "slotsObserved", slots: [...this.#slots.values()] };
  }

  #event(step: Step): ControllerEvent | undefined {
    switch (step.do) {
      case "start":
        this.brokers.set(step.broker, this.#registration(step.broker, step.boot));
        return { type: "brokersObserved", brokers: [...this.brokers.values()] };
      case "stop":
        this.brokers.delete(step.broker);
        return { type: "brokersObserved", brokers: [...this.brokers.values()] };
      case "shutdown": {
        const broker = this.brokers.get(step.broker);
        if (broker === undefined) return undefined;
        const { brokerId, brokerEpoch } = broker;
        return { type: "controlledShutdown", requestId: 1, brokerId, brokerEpoch };
      }
      case "refuse":
      case "answer": {
        const broker = this.brokers.get(step.broker);
        if (broker === undefined) return undefined;
        const type = step.do === "refuse" ? "brokerUnreachable" : "brokerReachable";
        return { type, brokerId: broker.brokerId, brokerEpoch: broker.brokerEpoch };
      }
      case "editSlot":
      case "removeSlot":
      case "garbleSlot":
        return this.#slotEvent(step);
      case "create":
        return {
          type: "createTopics",
          requestId: 1,
          validateOnly: false,
          topics: [
            {
              name: step.topic,
              topicId: `${step.topic}${this.#clock}` as TopicId,
              partitions: 2,
              replicationFactor: step.rf,
              assignment: undefined,
              configs: {},
              assignmentStart: step.start,
            },
          ],
        };
      case "delete":
        return { type: "deleteTopics", requestId: 1, topics: [{ name: step.topic }] };
      case "alter":
      case "offline":
      case "edit":
        return this.#partitionEvent(step);
      case "rebalance":
        return { type: "timerFired", key: "leaderImbalance" };
      case "failover":
        this.#failOver();
        return { type: "controllerElected" };
    }
  }

  #partitionEvent(step: Extract<Step, { isr: number }>): ControllerEvent | undefined {
    const all = [...this.state.image.topics.values()].flatMap((topic) =>
      topic.partitions.map((partition) => ({ topic, partition })),
    );
    const picked = all[step.pick % Math.max(1, all.length)];
    if (picked === undefined) return undefined;
    const { topic, partition } = picked;
    const id = { topicId: topic.topicId, partition: partition.partition };
    const leader = partition.leader === undefined ? undefined : this.brokers.get(partition.leader);
    const isr = BROKERS.filter((_, i) => (step.isr >> i) % 2 === 1);

    if (step.do === "offline") {
      const replica = this.brokers.get(partition.replicas[step.isr % partition.replicas.length]!);
      if (replica === undefined) return undefined;
      const { brokerId, brokerEpoch } = replica;
      const replicas = [{ ...id, reason: "EIO" }];
      return { type: "replicasOffline", requestId: 1, brokerId, brokerEpoch, replicas };
    }
    if (step.do === "edit") {
      if (partition.partitionEpoch === undefined || isr.length === 0) return undefined;
      const { leaderEpoch, controllerEpoch } = partition;
      const isrBrokerEpochs = isr.map(() => undefined);
      const stored: StoredState = {
        status: "present",
        state: { leader: isr[0], leaderEpoch, isr, isrBrokerEpochs, controllerEpoch },
        partitionEpoch: partitionEpoch(partition.partitionEpoch + 1),
      };
      const edited = { topic: topic.name, partition: partition.partition, stored };
      return { type: "partitionsObserved", partitions: [edited] };
    }
    if (leader === undefined || partition.partitionEpoch === undefined) return undefined;
    return {
      type: "alterPartition",
      requestId: 1,
      brokerId: leader.brokerId,
      brokerEpoch: leader.brokerEpoch,
      changes: [
        {
          ...id,
          leaderEpoch: partition.leaderEpoch,
          partitionEpoch: partition.partitionEpoch,
          isr: isr.map((member) => ({
            brokerId: member,
            brokerEpoch: this.brokers.get(member)?.brokerEpoch ?? brokerEpoch(0),
          })),
        },
      ],
    };
  }

  #registration(id: BrokerId, boot: BootKind): ObservedBroker {
    this.#clock += 1;
    return {
      brokerId: id,
      brokerEpoch: brokerEpoch(this.#clock),
      incarnation: `data-${id}`,
      endpoints: [],
      rack: undefined,
      boot,
    };
  }

  /** Another broker reads from ZooKeeper what this one had written there. */
  #failOver(): void {
    this.#epoch += 1;
    const { topics } = this.state.image;
    const brokers = [...this.brokers.values()];
    const slots = [...this.#slots.values()];
    this.state = load(controllerEpoch(this.#epoch), brokers, topics, slots);
  }
}

function load(
  epoch: ReturnType<typeof controllerEpoch>,
  brokers: readonly ObservedBroker[],
  topics: ControllerState["image"]["topics"],
  coordinators: readonly ObservedSlot[],
): ControllerState {
  return loadController(
    {
      clusterId: "cluster",
      controllerId: brokerId(0),
      controllerEpoch: epoch,
      brokers,
      topics: [...topics.values()].map((topic) => ({
        ...topic,
        partitions: topic.partitions.map((partition) => ({
          replicas: partition.replicas,
          stored: storedState(partition),
        })),
      })),
      brokerConfigs: [],
      deletedTopics: [],
      unreadableTopics: [],
      coordinators,
    },
    SETTINGS,
  );
}

function storedState(partition: PartitionImage): StoredState {
  const { leader, leaderEpoch, isr, isrBrokerEpochs, controllerEpoch, partitionEpoch } = partition;
  if (partitionEpoch === undefined) return { status: "absent" };
  const state = { leader, leaderEpoch, isr, isrBrokerEpochs, controllerEpoch };
  return { status: "present", state, partitionEpoch };
}

function changedPartitions(
  before: ControllerState,
  after: ControllerState,
): [PartitionImage, PartitionImage][] {
  return [...after.image.topics.values()].flatMap((topic) => {
    const former = before.image.topics.get(topic.name);
    if (former?.topicId !== topic.topicId) return [];
    return topic.partitions.flatMap((partition, i): [PartitionImage, PartitionImage][] => {
      const was = former.partitions[i];
      return was === undefined || was === partition ? [] : [[was, partition]];
    });
  });
}

test("whatever happens, elections are clean, epochs rise, and images follow by deltas", () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 60 }), (steps) => {
      const world = new World();
      for (const next of steps) world.run(next);
    }),
    { numRuns: 300 },
  );
});
