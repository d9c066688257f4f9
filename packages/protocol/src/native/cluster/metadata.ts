import { itemError } from "../errors.ts";
import {
  brokerIdField,
  either,
  flag,
  int32,
  leaderEpochField,
  list,
  object,
  optional,
  partitionIndex,
  type Static,
  text,
  topicId,
  topicName,
  topicNames,
} from "../schema.ts";

const brokerFields = {
  brokerId: brokerIdField,
  host: text({ maxLength: 255 }),
  port: int32,
  url: text({ maxLength: 300 }, { description: "Of this plane, as http://host:port" }),
  rack: optional(text({ maxLength: 255 })),
};

/** A live broker, as registered in ZooKeeper. */
export const brokerEntry = object(brokerFields);
export type BrokerEntry = Static<typeof brokerEntry>;

/** One of the addresses of a broker, by the name of its listener: `HTTP` is this plane. */
export const brokerEndpoint = object({
  listener: text({ maxLength: 255 }),
  host: text({ maxLength: 255 }),
  port: int32,
});

/** The same with where else it can be reached; older brokers do not say. */
export const brokerWithEndpoints = object({
  ...brokerFields,
  endpoints: optional(list(brokerEndpoint)),
});

/** `leader` is missing while the partition is offline. */
export const partitionEntry = object({
  partition: partitionIndex,
  leader: optional(brokerIdField),
  leaderEpoch: leaderEpochField,
  replicas: list(brokerIdField),
  isr: list(brokerIdField),
  offlineReplicas: list(brokerIdField),
});
export type PartitionEntry = Static<typeof partitionEntry>;

/** Kafka's Metadata (key 3). Without `topics`: all of them; an empty list: brokers only. */
export const metadataRequest = object({
  topics: optional(topicNames()),
  allowAutoTopicCreation: flag({
    description: "Create missing topics, if the broker's auto.create.topics.enable allows it",
    default: false,
  }),
});
export type MetadataRequest = Static<typeof metadataRequest>;

export const metadataResponse = object({
  clusterId: text({ maxLength: 100 }),
  controllerId: optional(brokerIdField),
  brokers: list(brokerEntry),
  topics: list(
    either([
      object({
        topic: topicName,
        topicId,
        isInternal: flag(),
        partitions: list(partitionEntry),
      }),
      object({ topic: topicName, error: itemError }),
    ]),
  ),
});
export type MetadataResponse = Static<typeof metadataResponse>;
