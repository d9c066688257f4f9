import { defineMessage } from "../../kafka-message.ts";
import {
  array,
  error,
  int8,
  int32,
  int64,
  records,
  string,
  struct,
  uuid,
} from "../../schema/message-schema.ts";

const partitionWanted = struct({
  partition: int32(),
  currentLeaderEpoch: int32({ from: 9, absent: -1 }),
  fetchOffset: int64(),
  lastFetchedEpoch: int32({ from: 12, absent: -1 }),
  logStartOffset: int64({ from: 5, absent: -1 }),
  partitionMaxBytes: int32(),
});

const partitionFetched = struct({
  partitionIndex: int32(),
  errorCode: error(),
  highWatermark: int64({ absent: -1 }),
  lastStableOffset: int64({ absent: -1 }),
  logStartOffset: int64({ from: 5, absent: -1 }),
  /** Where the log of the reader, which has read this epoch, left ours (KIP-595). */
  divergingEpoch: struct(
    { epoch: int32({ absent: -1 }), endOffset: int64({ absent: -1 }) },
    { from: 12, tag: 0 },
  ),
  currentLeader: struct(
    { leaderId: int32({ absent: -1 }), leaderEpoch: int32({ absent: -1 }) },
    { from: 12, tag: 1 },
  ),
  /** Of Kafka's own quorum only. */
  snapshotId: struct(
    { endOffset: int64({ absent: -1 }), epoch: int32({ absent: -1 }) },
    { from: 12, tag: 2 },
  ),
  abortedTransactions: array(struct({ producerId: int64(), firstOffset: int64() }), {
    nullFrom: 0,
  }),
  preferredReadReplica: int32({ from: 11, absent: -1 }),
  records: records({ nullFrom: 0 }),
});

/**
 * Batches from an offset on, for consumers and for replicas.
 *
 * - 4: isolation level and aborted transactions (KIP-98). 5: log start offset (KIP-107).
 * - 7: sessions (KIP-227). 8: the broker answers before it throttles. 9: leader epochs (KIP-320).
 * - 10: zstd (KIP-110). 11: racks (KIP-392).
 * - 12: flexible; epochs that diverge (KIP-595). 13: topics by id (KIP-516).
 */
export const fetch = defineMessage({
  name: "Fetch",
  versions: [4, 13],
  flexibleFrom: 12,
  request: {
    clusterId: string({ from: 12, tag: 0, nullFrom: 12 }),
    replicaId: int32({ absent: -1 }),
    maxWaitMs: int32(),
    minBytes: int32(),
    maxBytes: int32({ default: 0x7fff_ffff }),
    isolationLevel: int8(),
    sessionId: int32({ from: 7 }),
    sessionEpoch: int32({ from: 7, default: -1 }),
    topics: array(
      struct({
        topic: string({ to: 12 }),
        topicId: uuid({ from: 13 }),
        partitions: array(partitionWanted),
      }),
    ),
    forgottenTopicsData: array(
      struct({
        topic: string({ to: 12 }),
        topicId: uuid({ from: 13 }),
        partitions: array(int32()),
      }),
      { from: 7 },
    ),
    rackId: string({ from: 11, absent: "" }),
  },
  response: {
    throttleTimeMs: int32({ default: 0 }),
    errorCode: error({ from: 7 }),
    sessionId: int32({ from: 7 }),
    responses: array(
      struct({
        topic: string({ to: 12 }),
        topicId: uuid({ from: 13 }),
        partitions: array(partitionFetched),
      }),
    ),
  },
});
