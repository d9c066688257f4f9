import { itemError } from "../errors.ts";
import {
  brokerIdField,
  either,
  flag,
  int64,
  leaderEpochField,
  list,
  object,
  offsetField,
  oneOfNames,
  optional,
  partitionIndex,
  record,
  type Static,
  text,
  topicId,
  topicName,
  topicNames,
} from "../schema.ts";

/** Without `topics`: all of them. */
export const describeTopicsRequest = object({ topics: optional(topicNames()) });
export type DescribeTopicsRequest = Static<typeof describeTopicsRequest>;

/** Offsets and size come from the answering broker and are missing where it has no replica. */
const partitionDescription = object({
  partition: partitionIndex,
  leader: optional(brokerIdField),
  leaderEpoch: leaderEpochField,
  replicas: list(brokerIdField),
  isr: list(brokerIdField),
  offlineReplicas: list(brokerIdField),
  offlineReason: optional(
    text(
      { maxLength: 10_000 },
      { description: "Why there is no leader, or why replicas on live brokers are not served" },
    ),
  ),
  logStartOffset: optional(offsetField),
  highWatermark: optional(offsetField),
  sizeBytes: optional(int64),
});

const configDescription = object({
  value: text({ maxLength: 10_000 }),
  source: oneOfNames(["topic", "broker", "default"], {
    description: "Where the value was set",
  }),
});

export const describeTopicsResponse = object({
  topics: list(
    either([
      object({
        topic: topicName,
        topicId,
        isInternal: flag(),
        partitions: list(partitionDescription),
        configs: record(configDescription),
      }),
      object({ topic: topicName, error: itemError }),
    ]),
  ),
});
export type DescribeTopicsResponse = Static<typeof describeTopicsResponse>;
