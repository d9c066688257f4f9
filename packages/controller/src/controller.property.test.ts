import {
  type BrokerId,
  brokerEpoch,
  brokerId,
  controllerEpoch,
  partitionEpoch,
  type TopicId,
  timestamp,
} from "@zoolog/base";
import { controllerViolations } from "@zoolog/testkit";
import fc from "fast-check";
import { applyAll } from "./apply.ts";
import type { BootKind, PartitionImage } from "./cluster-image.ts";
import type { ControllerEvent } from "./controller-event.ts";
import type { ObservedBroker, StoredState } from "./controller-load.ts";
import type { ControllerSettings, ControllerState } from "./controller-state.ts";
import { decide } from "./decide.ts";
import { applyImageDelta, imageDelta } from "./image-delta.ts";
import { loadController } from "./load-controller.ts";

const BROKERS = [0, 1, 2, 3].map(brokerId);
const TOPICS = ["a", "b", "c"];

const SETTINGS: ControllerSettings = {
  defaultPartitions: 2,
  defaultReplicationFactor: 2,
  uncleanLeaderElection: false,
  flushBeforeAcknowledge: false,
  deleteTopicEnabled: true,
  leaderRebalance: { checkIntervalMs: 1_000, imbalancePercentMax: 0 },
  configFault: () => undefined,
};

/** What can happen; numbers choose among what there is when it happens. */
type Step =
  | { readonly do: "start"; readonly broker: BrokerId; readonly boot: BootKind }
  | { readonly do: "stop" | "shutdown"; readonly broker: BrokerId }
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
      do: fc.constantFrom("stop" as const, "shutdown" as const),
      broker: fc.constantFrom(...BROKERS),
    }),
  },
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
  state = load(controllerEpoch(1), [], new Map());
  readonly brokers = new Map<BrokerId, ObservedBroker>();
  #clock = 0;
  #epoch = 1;

  run(step: Step): void {
    const event = this.#event(step);
    if (event === undefined) return;
    const before = this.state;
    const { records } = decide(before, event, timestamp(this.#clock++));
    this.state = applyAll(before, records);
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
    for (const topic of this.state.image.topics.values()) {
      for (const partition of topic.partitions) {
        if (partition.leader !== undefined) continue;
        const able = partition.isr.some((member) => {
          const broker = this.brokers.get(member);
          const offline = partition.offlineReplicas.some((r) => r.brokerId === member);
          const assigned = partition.replicas.includes(member);
          return assigned && broker?.boot === "clean" && !offline;
        });
        expect(able).toBe(false);
      }
    }
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
    this.state = load(controllerEpoch(this.#epoch), [...this.brokers.values()], topics);
  }
}

function load(
  epoch: ReturnType<typeof controllerEpoch>,
  brokers: readonly ObservedBroker[],
  topics: ControllerState["image"]["topics"],
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
