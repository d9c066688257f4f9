import {
  type ControllerEpoch,
  controllerEpoch,
  coordinatorEpoch,
  inParallel,
  type TopicId,
  type TopicPartition,
} from "@zoolog/base";
import { isMalformed } from "../errors.ts";
import { ifThere } from "../existing.ts";
import { READS_IN_FLIGHT_MAX } from "../limits.ts";
import {
  BROKER_IDS_PATH,
  brokerPath,
  COORDINATORS_PATH,
  type ConfigKind,
  configPath,
  configsPath,
  DELETE_TOPICS_PATH,
  DELETED_TOPICS_PATH,
  deletedTopicPath,
  partitionsPath,
  slotPath,
  statePath,
  TOPICS_PATH,
  topicPath,
} from "../paths.ts";
import type { RegisteredBroker } from "../port/broker-registration.ts";
import type {
  ClusterSnapshot,
  DeletedTopic,
  NamedConfig,
  Read,
  ReadPartition,
  StoredSlot,
  StoredTopic,
  UnreadableTopic,
  ZnodeFault,
} from "../port/cluster-snapshot.ts";
import type { CoordinationSession } from "../session.ts";
import { decodeDeletedTopic } from "../znodes/admin-znodes.ts";
import { decodeBroker, parseBrokerId } from "../znodes/broker-znode.ts";
import { decodeConfig } from "../znodes/config-znode.ts";
import { storedState } from "../znodes/partition-state-znode.ts";
import { storedSlot } from "../znodes/slot-znode.ts";
import { decodeSpareTopicId, decodeTopic, type TopicZnode } from "../znodes/topic-znode.ts";

/** Everything. Reads are pipelined: no round trip per partition. */
export async function readCluster(session: CoordinationSession): Promise<ClusterSnapshot> {
  const [brokers, topics, topicConfigs, brokerConfigs, deletedTopics, deleteRequests, slots] =
    await Promise.all([
      readBrokers(session),
      readTopics(session),
      readConfigs(session, "topic"),
      readConfigs(session, "broker"),
      readDeletedTopics(session),
      readNames(session, DELETE_TOPICS_PATH),
      readSlots(session),
    ]);
  const configs = new Map(topicConfigs.value.map((config) => [config.name, config.overrides]));
  return {
    brokers: brokers.value,
    topics: topics.value.map((topic) => ({ ...topic, configs: configs.get(topic.name) ?? {} })),
    unreadableTopics: topics.unreadable,
    brokerConfigs: brokerConfigs.value,
    deletedTopics: deletedTopics.value,
    deleteRequests,
    coordinators: slots,
    faults: {
      brokers: brokers.faults,
      topicConfigs: topicConfigs.faults,
      brokerConfigs: brokerConfigs.faults,
      deletedTopics: deletedTopics.faults,
    },
  };
}

export function readBrokers(
  session: CoordinationSession,
): Promise<Read<readonly RegisteredBroker[]>> {
  return readEach(session, BROKER_IDS_PATH, (name, read) => {
    const id = parseBrokerId(name);
    return read(brokerPath(id), (data, stat) => decodeBroker(id, data, stat.czxid));
  });
}

export function readConfigs(
  session: CoordinationSession,
  kind: ConfigKind,
): Promise<Read<readonly NamedConfig[]>> {
  return readEach(session, configsPath(kind), (name, read) => {
    const path = configPath(kind, name);
    return read(path, (data) => ({ name, overrides: decodeConfig(path, data) }));
  });
}

/** What hands have put there under a name that is no number is nobody's slot. */
export async function readSlots(session: CoordinationSession): Promise<readonly StoredSlot[]> {
  const names = await readNames(session, COORDINATORS_PATH);
  const slots = names.filter((name) => SLOT_NAME.test(name)).map(Number);
  const found = await inParallel(slots, { atOnceMax: READS_IN_FLIGHT_MAX }, async (slot) => {
    const znode = await session.read((client) => ifThere(client.getData(slotPath(slot))));
    return znode === undefined
      ? undefined
      : storedSlot(slot, znode.data, coordinatorEpoch(znode.stat.version));
  });
  return found.filter((slot) => slot !== undefined);
}

const SLOT_NAME = /^(0|[1-9][0-9]{0,4})$/;

function readDeletedTopics(session: CoordinationSession): Promise<Read<readonly DeletedTopic[]>> {
  return readEach(session, DELETED_TOPICS_PATH, (topicId, read) =>
    read(deletedTopicPath(topicId), (data) => decodeDeletedTopic(topicId, data)),
  );
}

type ReadTopics = {
  readonly value: readonly Omit<StoredTopic, "configs">[];
  readonly unreadable: readonly UnreadableTopic[];
};

async function readTopics(session: CoordinationSession): Promise<ReadTopics> {
  const names = await readNames(session, TOPICS_PATH);
  const { znodes, unreadable } = await readTopicZnodes(session, names);
  const wanted = znodes.flatMap(({ name, assignment }) =>
    assignment.map((_, partition) => ({ topic: name, partition })),
  );
  const states = await readStates(session, wanted);
  let next = 0;
  const topics = znodes.map(({ name, topicId, assignment }) => ({
    name,
    topicId,
    partitions: assignment.map((replicas) => ({
      replicas,
      stored: states[next++]?.stored ?? ({ status: "absent" } as const),
    })),
  }));
  return { value: topics, unreadable };
}

/** Those of `names` whose topic znode cannot be understood. */
export async function readUnreadableTopics(
  session: CoordinationSession,
  names: readonly string[],
): Promise<readonly UnreadableTopic[]> {
  return (await readTopicZnodes(session, names)).unreadable;
}

async function readTopicZnodes(
  session: CoordinationSession,
  names: readonly string[],
): Promise<{
  readonly znodes: readonly (TopicZnode & { readonly name: string })[];
  readonly unreadable: readonly UnreadableTopic[];
}> {
  const unreadable: UnreadableTopic[] = [];
  const znodes = await inParallel(names, { atOnceMax: READS_IN_FLIGHT_MAX }, async (name) => {
    const znode = await session.read((client) => ifThere(client.getData(topicPath(name))));
    if (znode === undefined) return undefined;
    try {
      return { name, ...decodeTopic(name, znode.data) };
    } catch (error) {
      if (!isMalformed(error)) throw error;
      unreadable.push({ name, reason: error.message, topicId: await spareTopicId(session, name) });
      return undefined;
    }
  });
  return { znodes: znodes.filter((znode) => znode !== undefined), unreadable };
}

async function spareTopicId(
  session: CoordinationSession,
  topic: string,
): Promise<TopicId | undefined> {
  const znode = await session.read((client) => ifThere(client.getData(partitionsPath(topic))));
  return znode === undefined ? undefined : decodeSpareTopicId(znode.data);
}

export function readStates(
  session: CoordinationSession,
  partitions: readonly TopicPartition[],
): Promise<readonly ReadPartition[]> {
  return inParallel(
    partitions,
    { atOnceMax: READS_IN_FLIGHT_MAX },
    async ({ topic, partition }) => {
      const path = statePath(topic, partition);
      const znode = await session.read((client) => ifThere(client.getData(path)));
      return { topic, partition, stored: storedState(path, znode) };
    },
  );
}

export async function readNames(
  session: CoordinationSession,
  path: string,
): Promise<readonly string[]> {
  const children = await session.read((client) => ifThere(client.getChildren(path)));
  return children?.names ?? [];
}

/** The highest controller epoch that any partition state was written under; 0 when there is none. */
export async function readControllerEpochFloor(
  session: CoordinationSession,
): Promise<ControllerEpoch> {
  const { value: topics } = await readTopics(session);
  let highest = controllerEpoch(0);
  for (const { partitions } of topics) {
    for (const { stored } of partitions) {
      if (stored.status !== "present") continue;
      if (stored.state.controllerEpoch > highest) highest = stored.state.controllerEpoch;
    }
  }
  return highest;
}

type Decode<T> = (data: Uint8Array, stat: { readonly czxid: number }) => T;
type ReadOne<T> = (path: string, decode: Decode<T>) => Promise<T | undefined>;

/** Reads what each child of `parent` stands for; what cannot be understood becomes a fault. */
async function readEach<T>(
  session: CoordinationSession,
  parent: string,
  readChild: (name: string, read: ReadOne<T>) => Promise<T | undefined>,
): Promise<Read<readonly T[]>> {
  const names = await readNames(session, parent);
  const faults: ZnodeFault[] = [];
  const values = await inParallel(names, { atOnceMax: READS_IN_FLIGHT_MAX }, async (name) => {
    let czxid: number | undefined;
    const readOne: ReadOne<T> = async (path, decode) => {
      const znode = await session.read((client) => ifThere(client.getData(path)));
      czxid = znode?.stat.czxid;
      return znode === undefined ? undefined : decode(znode.data, znode.stat);
    };
    try {
      return await readChild(name, readOne);
    } catch (error) {
      if (!isMalformed(error)) throw error;
      faults.push({ name, czxid, message: error.message, hint: error.hint });
      return undefined;
    }
  });
  return { value: values.filter((value) => value !== undefined), faults };
}
