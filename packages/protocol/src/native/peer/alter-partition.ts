import { itemError, partitionError } from "../errors.ts";
import {
  brokerEpochField,
  brokerIdField,
  clusterList,
  either,
  leaderEpochField,
  list,
  object,
  optional,
  partitionEpochField,
  partitionIndex,
  type Static,
  topicId,
} from "../schema.ts";

/** Kafka's AlterPartition (key 56, KIP-497): the leader asks, the controller alone writes. */
export const alterPartitionRequest = object({
  topics: clusterList(
    object({
      topicId,
      partitions: clusterList(
        object({
          partition: partitionIndex,
          leaderEpoch: leaderEpochField,
          partitionEpoch: partitionEpochField,
          /** With the broker epoch of the fetches that proved each member in sync (KIP-903). */
          isr: list(object({ brokerId: brokerIdField, brokerEpoch: brokerEpochField })),
        }),
      ),
    }),
  ),
});
export type AlterPartitionRequest = Static<typeof alterPartitionRequest>;

const partitionAltered = either([
  partitionError,
  object({
    partition: partitionIndex,
    leader: optional(brokerIdField),
    leaderEpoch: leaderEpochField,
    isr: list(brokerIdField),
    partitionEpoch: partitionEpochField,
  }),
]);

/** With `error` the whole request was refused: `STALE_BROKER_EPOCH`, `NOT_CONTROLLER`. */
export const alterPartitionResponse = object({
  error: optional(itemError),
  topics: clusterList(object({ topicId, partitions: clusterList(partitionAltered) })),
});
export type AlterPartitionResponse = Static<typeof alterPartitionResponse>;
