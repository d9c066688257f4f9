import type { Logger, TopicPartition, ZoologError } from "@zoolog/base";
import { unreachable } from "@zoolog/base";
import type {
  ClusterImage,
  ControllerEvent,
  ControllerLoad,
  ObservedBroker,
  ObservedPartition,
} from "@zoolog/controller";
import type { CoordinationStore, HintScope, RegisteredBroker } from "@zoolog/coordination";

/** What the controller looks at again when it is told to. */
export type ObservedScope = Exclude<HintScope, "controller">;

export const OBSERVED_SCOPES: readonly ObservedScope[] = [
  "brokers",
  "topics",
  "partitionStates",
  "configs",
  "deletions",
  "adminRequests",
];

export type Observation =
  | { readonly events: readonly ControllerEvent[]; readonly preferredElection?: true }
  /** Topics came or went without the controller: only a new start of the term can take them in. */
  | { readonly reload: string };

type ObservationContext = {
  readonly store: CoordinationStore;
  readonly logger: Logger;
  /** Names in the store that the controller could not understand when it was loaded. */
  readonly strangers: ReadonlySet<string>;
};

/** Reads what a hint was about; the events are what the controller core makes of it. */
export async function observe(
  scope: ObservedScope,
  image: ClusterImage,
  context: ObservationContext,
): Promise<Observation> {
  const { store, logger } = context;
  switch (scope) {
    case "brokers": {
      const { value, faults } = await store.readBrokers();
      logFaults(faults, logger);
      return { events: [{ type: "brokersObserved", brokers: value.map(observedBroker) }] };
    }
    case "topics":
      return topicsObserved(await store.readTopicNames(), image, context.strangers);
    case "partitionStates":
      return partitionsObserved(image, store);
    case "configs":
      return configsObserved(store, logger);
    case "deletions": {
      const topics = await store.readDeleteRequests();
      if (topics.length === 0) return { events: [] };
      return { events: [{ type: "deleteTopics", requestId: undefined, topics }] };
    }
    case "adminRequests": {
      const partitions = await store.readPreferredElection();
      if (partitions === undefined) return { events: [] };
      return {
        events: [{ type: "electLeaders", requestId: undefined, election: "preferred", partitions }],
        preferredElection: true,
      };
    }
    default:
      return unreachable(scope);
  }
}

/** Reads everything a new controller starts from. */
export async function loadCluster(
  store: CoordinationStore,
  logger: Logger,
): Promise<Pick<ControllerLoad, "brokers" | "topics" | "brokerConfigs" | "deletedTopics">> {
  const { brokers, topics, brokerConfigs, deletedTopics, faults } = await store.readCluster();
  logFaults(faults, logger);
  return { brokers: brokers.map(observedBroker), topics, brokerConfigs, deletedTopics };
}

function observedBroker(broker: RegisteredBroker): ObservedBroker {
  const { brokerId, brokerEpoch, incarnation, rack, boot } = broker;
  const endpoints = broker.endpoints.map(({ listener, host, port }) => ({ listener, host, port }));
  return { brokerId, brokerEpoch, incarnation, rack, boot, endpoints };
}

function topicsObserved(
  names: readonly string[],
  image: ClusterImage,
  strangers: ReadonlySet<string>,
): Observation {
  const stored = new Set(names);
  const appeared = names.find((name) => !image.topics.has(name) && !strangers.has(name));
  const vanished = [...image.topics.keys()].find((name) => !stored.has(name));
  if (appeared !== undefined) return { reload: `topic ${appeared} appeared in ZooKeeper` };
  if (vanished !== undefined) return { reload: `topic ${vanished} vanished from ZooKeeper` };
  return { events: [] };
}

/** Only what differs from what is known goes to the core: mostly nothing. */
async function partitionsObserved(
  image: ClusterImage,
  store: CoordinationStore,
): Promise<Observation> {
  const known: TopicPartition[] = [];
  for (const topic of image.topics.values()) {
    for (const { partition } of topic.partitions) known.push({ topic: topic.name, partition });
  }
  const read = await store.readPartitions(known);
  const partitions = read.filter((found) => differs(found, image));
  if (partitions.length === 0) return { events: [] };
  return { events: [{ type: "partitionsObserved", partitions }] };
}

function differs(found: ObservedPartition, image: ClusterImage): boolean {
  const known = image.topics.get(found.topic)?.partitions[found.partition];
  const epoch = found.stored.status === "present" ? found.stored.partitionEpoch : undefined;
  return known?.partitionEpoch !== epoch;
}

async function configsObserved(store: CoordinationStore, logger: Logger): Promise<Observation> {
  const events: ControllerEvent[] = [];
  for (const kind of ["topic", "broker"] as const) {
    const { value: configs, faults } = await store.readConfigs(kind);
    logFaults(faults, logger);
    events.push({ type: "configsObserved", kind, configs });
  }
  return { events };
}

function logFaults(faults: readonly ZoologError[], logger: Logger): void {
  for (const { message, hint } of faults) logger.error("znode not understood", { message, hint });
}
