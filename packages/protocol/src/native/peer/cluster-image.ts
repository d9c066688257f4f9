import { MAX_WAIT_MS_MAX } from "../data/fetch.ts";
import {
  brokerEpochField,
  brokerIdField,
  clusterList,
  controllerEpochField,
  coordinatorEpochField,
  either,
  flag,
  int32,
  int64,
  integer,
  leaderEpochField,
  list,
  nothing,
  object,
  oneOfNames,
  optional,
  partitionEpochField,
  partitionIndex,
  record,
  type Static,
  text,
  timestampField,
  topicId,
  topicName,
  tuple,
} from "../schema.ts";

/** What stands in one znode at most (ZooKeeper's `jute.maxbuffer`), and reasons made of it. */
const znodeText = text({ maxLength: 1024 * 1024 });

/** What the caller has, if anything; the answer comes when there is something newer. */
export const clusterImageRequest = object({
  controllerEpoch: optional(controllerEpochField),
  version: optional(int64),
  maxWaitMs: integer({ minimum: 0, maximum: MAX_WAIT_MS_MAX }),
});
export type ClusterImageRequest = Static<typeof clusterImageRequest>;

const offlineReplica = object({
  brokerId: brokerIdField,
  brokerEpoch: brokerEpochField,
  reason: znodeText,
  since: timestampField,
});

/**
 * One partition. Without names: 10,000 of them are a message of half a megabyte. `null` stands for
 * what is unknown or not there.
 */
const imagePartition = tuple(
  [
    partitionIndex,
    list(brokerIdField),
    either([brokerIdField, nothing()]),
    leaderEpochField,
    list(brokerIdField),
    list(either([brokerEpochField, nothing()])),
    controllerEpochField,
    either([partitionEpochField, nothing()]),
    list(offlineReplica),
    either([znodeText, nothing()]),
  ],
  {
    description:
      "partition, replicas, leader, leader epoch, isr, broker epochs of the isr, controller epoch, " +
      "partition epoch, offline replicas, why there is no leader",
  },
);

const overrides = record(znodeText);

const imageBroker = object({
  brokerId: brokerIdField,
  brokerEpoch: brokerEpochField,
  incarnation: text({ maxLength: 100 }),
  endpoints: list(
    object({ listener: text({ maxLength: 255 }), host: text({ maxLength: 255 }), port: int32 }),
  ),
  rack: optional(znodeText),
  boot: oneOfNames(["clean", "unclean", "newFolder"]),
  shuttingDown: flag(),
});

/** Without names, as a partition. `null`: nobody yet. */
const coordinatorSlot = tuple(
  [
    int32,
    either([brokerIdField, nothing()]),
    either([brokerEpochField, nothing()]),
    either([coordinatorEpochField, nothing()]),
  ],
  { description: "slot, broker, its broker epoch, coordinator epoch" },
);

/** What turns the image `fromVersion` into `version`; without `fromVersion` a full picture. */
const imageDelta = object({
  clusterId: text({ maxLength: 100 }),
  controllerId: brokerIdField,
  controllerEpoch: controllerEpochField,
  fromVersion: optional(int64),
  version: int64,
  brokers: list(imageBroker),
  brokersRemoved: list(brokerIdField),
  topics: clusterList(
    object({
      name: topicName,
      topicId,
      configs: overrides,
      partitions: clusterList(imagePartition),
    }),
  ),
  topicsRemoved: clusterList(topicId),
  brokerConfigs: list(object({ name: znodeText, overrides })),
  brokerConfigsRemoved: list(znodeText),
  deletedTopics: clusterList(object({ topicId, name: znodeText, pending: list(brokerIdField) })),
  deletedTopicsRemoved: clusterList(topicId),
  unreadableTopics: list(
    object({ name: znodeText, reason: znodeText, topicId: optional(topicId) }),
  ),
  coordinators: list(coordinatorSlot),
});
export type ClusterImageDelta = Static<typeof imageDelta>;

/** Kafka's UpdateMetadata and LeaderAndIsr in one, asked for instead of sent. No delta: no news. */
export const clusterImageResponse = object({ delta: optional(imageDelta) });
export type ClusterImageResponse = Static<typeof clusterImageResponse>;
