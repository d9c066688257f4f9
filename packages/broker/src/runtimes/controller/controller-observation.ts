import { type TopicPartition, unreachable } from "@zoolog/base";
import type {
  ClusterImage,
  ConfigRules,
  ControllerEvent,
  ControllerLoad,
  ObservedBroker,
  ObservedPartition,
} from "@zoolog/controller";
import {
  type CoordinationStore,
  type HintScope,
  isMalformed,
  type RegisteredBroker,
  type ZnodeFault,
} from "@zoolog/coordination";
import type { NamedFault, ZnodeFaults } from "../znode-faults.ts";
import { judgeConfigs } from "./stored-configs.ts";

/** What the controller looks at again when it is told to. */
export type ObservedScope = Exclude<HintScope, "controller">;

export const OBSERVED_SCOPES: readonly ObservedScope[] = [
  "brokers",
  "topics",
  "partitionStates",
  "coordinators",
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
  readonly faults: ZnodeFaults;
  readonly rules: ConfigRules;
};

/** Reads what a hint was about; the events are what the controller core makes of it. */
export async function observe(
  scope: ObservedScope,
  image: ClusterImage,
  context: ObservationContext,
): Promise<Observation> {
  const { store, faults } = context;
  switch (scope) {
    case "brokers": {
      const read = await store.readBrokers();
      faults.report("brokers", read.faults);
      const brokers = [...read.value.map(observedBroker), ...stillThere(read.faults, image)];
      return { events: [{ type: "brokersObserved", brokers }] };
    }
    case "topics":
      return topicsObserved(image, store);
    case "partitionStates":
      faults.report("brokenTopics", await brokenTopics([...image.topics.keys()], store));
      return partitionsObserved(image, store);
    case "coordinators":
      return { events: [{ type: "slotsObserved", slots: await store.readSlots() }] };
    case "configs":
      return configsObserved(image, context);
    case "deletions": {
      const names = await store.readDeleteRequests();
      if (names.length === 0) return { events: [] };
      const topics = names.map((name) => ({ name }));
      return { events: [{ type: "deleteTopics", requestId: undefined, topics }] };
    }
    case "adminRequests": {
      const partitions = await readPreferredElection(context);
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
export async function loadCluster({
  store,
  faults,
  rules,
}: ObservationContext): Promise<
  Omit<ControllerLoad, "clusterId" | "controllerId" | "controllerEpoch">
> {
  // The election was a write of this session. What others write meanwhile comes as a hint.
  const snapshot = await store.readCluster("ownWrites");
  // The others are looked at again as soon as the term has begun.
  faults.report("deletedTopics", snapshot.faults.deletedTopics);
  const { brokers, unreadableTopics, deletedTopics, coordinators } = snapshot;
  const stored = snapshot.topics.map(({ name, configs }) => ({ name, overrides: configs }));
  const { configs } = judgeConfigs("topic", stored, { rules, known: () => KEEP_EVERYTHING });
  const inDoubt = new Set(snapshot.faults.topicConfigs.map(({ name }) => name));
  const topics = snapshot.topics.map((topic, i) => ({
    ...topic,
    configs: inDoubt.has(topic.name) ? KEEP_EVERYTHING : (configs[i]?.overrides ?? {}),
  }));
  const { configs: brokerConfigs } = judgeConfigs("broker", snapshot.brokerConfigs, {
    rules,
    known: () => KEEP_EVERYTHING_HERE,
  });
  return {
    brokers: brokers.map(observedBroker),
    topics,
    unreadableTopics,
    brokerConfigs,
    deletedTopics,
    coordinators,
  };
}

/** For a topic whose config, or a value of it, cannot be read: no record is deleted on the word of a default. */
const KEEP_EVERYTHING = { "retention.ms": "-1", "retention.bytes": "-1" };
/** The same for brokers. */
const KEEP_EVERYTHING_HERE = { "log.retention.ms": "-1", "log.retention.bytes": "-1" };

/** Registrations that somebody overwrote: the broker lives, as its ephemeral znode does. */
function stillThere(faults: readonly ZnodeFault[], image: ClusterImage): readonly ObservedBroker[] {
  const unreadable = new Map(faults.map(({ name, czxid }) => [name, czxid]));
  return [...image.brokers.values()].filter(
    ({ brokerId, brokerEpoch }) => unreadable.get(String(brokerId)) === brokerEpoch,
  );
}

function observedBroker(broker: RegisteredBroker): ObservedBroker {
  const { brokerId, brokerEpoch, incarnation, rack, boot, losses, damaged } = broker;
  const endpoints = broker.endpoints.map(({ listener, host, port }) => ({ listener, host, port }));
  return { brokerId, brokerEpoch, incarnation, rack, boot, losses, damaged, endpoints };
}

async function topicsObserved(image: ClusterImage, store: CoordinationStore): Promise<Observation> {
  const names = await store.readTopicNames();
  const stored = new Set(names);
  const { topics, unreadableTopics } = image;
  const appeared = names.find((name) => !topics.has(name) && !unreadableTopics.has(name));
  const vanished = [...topics.keys(), ...unreadableTopics.keys()].find((name) => !stored.has(name));
  if (appeared !== undefined) return { reload: `topic ${appeared} appeared in ZooKeeper` };
  if (vanished !== undefined) return { reload: `topic ${vanished} vanished from ZooKeeper` };
  if (unreadableTopics.size === 0) return { events: [] };
  const unreadable = await store.readUnreadableTopics([...unreadableTopics.keys()]);
  const same = unreadable.filter(
    ({ name, reason }) => unreadableTopics.get(name)?.reason === reason,
  );
  if (same.length === unreadableTopics.size) return { events: [] };
  return { reload: "topics that could not be read were changed in ZooKeeper" };
}

/** Topics that are served as they were known, while nobody could read them again. */
async function brokenTopics(
  names: readonly string[],
  store: CoordinationStore,
): Promise<readonly NamedFault[]> {
  const unreadable = await store.readUnreadableTopics(names);
  return unreadable.map(({ reason }) => ({ message: reason, hint: MEND_TOPIC }));
}

/** What to do about a topic znode. */
export const MEND_TOPIC =
  "Mend it with zkCli (docs/formats/znodes.md has the format), or delete the topic.";

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

/** A config that cannot be read any more stays as it was known. */
async function configsObserved(
  image: ClusterImage,
  { store, faults, rules }: ObservationContext,
): Promise<Observation> {
  const events: ControllerEvent[] = [];
  for (const kind of ["topic", "broker"] as const) {
    const read = await store.readConfigs(kind);
    const known = (name: string) =>
      kind === "topic" ? image.topics.get(name)?.configs : image.brokerConfigs.get(name);
    // What a topic has left behind that is gone means nothing.
    const meant = read.value.filter(({ name }) => kind === "broker" || image.topics.has(name));
    const judged = judgeConfigs(kind, meant, { rules, known });
    const reader = kind === "topic" ? "topicConfigs" : "brokerConfigs";
    faults.report(reader, [...read.faults, ...judged.faults]);
    const unreadable = read.faults.flatMap(({ name }) => {
      const overrides = known(name);
      return overrides === undefined ? [] : [{ name, overrides }];
    });
    events.push({ type: "configsObserved", kind, configs: [...judged.configs, ...unreadable] });
  }
  return { events };
}

/** A request that cannot be read is not carried out; it waits to be mended or taken away. */
async function readPreferredElection({ store, faults }: ObservationContext) {
  try {
    const partitions = await store.readPreferredElection();
    faults.report("adminRequests", []);
    return partitions;
  } catch (error) {
    if (!isMalformed(error)) throw error;
    faults.report("adminRequests", [error]);
    return undefined;
  }
}
