import { FETCH_BYTES_MAX, MAX_WAIT_MS_MAX } from "../data/fetch.ts";
import { currentLeader, itemError } from "../errors.ts";
import {
  bytes,
  clusterList,
  either,
  int32,
  integer,
  leaderEpochField,
  object,
  offsetField,
  optional,
  partitionIndex,
  type Static,
  topicId,
} from "../schema.ts";

const INT32_MAX = 0x7fff_ffff;

/**
 * Which partitions a call is about without naming all of them (KIP-227). Id 0 with epoch 0 asks for
 * a new session, in which the request names every partition. Within a session, whose epoch counts
 * its calls from 1, a request names what is new or has changed. Epoch −1 ends it; with id 0, the
 * call has no session at all.
 */
const requestSession = object({
  id: int32,
  epoch: integer({ minimum: -1, maximum: INT32_MAX }),
});

const partitionAsked = object({
  partition: partitionIndex,
  currentLeaderEpoch: leaderEpochField,
  /** The follower's log end: what is below, it has. */
  fetchOffset: offsetField,
  /** Leader epoch of the follower's last batch (KIP-320); missing when it has none. */
  lastFetchedEpoch: optional(leaderEpochField),
  logStartOffset: offsetField,
  partitionMaxBytes: integer({ minimum: 0, maximum: FETCH_BYTES_MAX, default: 1024 * 1024 }),
});

/**
 * Kafka's Fetch (key 1) as followers use it. The first fetch of a leader epoch is the reconciliation
 * (KIP-101, KIP-279, KIP-320): nothing is acknowledged by it before the leader has found that the
 * follower's log is a prefix of its own.
 */
export const replicateRequest = object({
  maxWaitMs: integer({ minimum: 0, maximum: MAX_WAIT_MS_MAX, default: 500 }),
  minBytes: integer({ minimum: 0, maximum: FETCH_BYTES_MAX, default: 1 }),
  maxBytes: integer(
    { minimum: 0, maximum: FETCH_BYTES_MAX, default: 10 * 1024 * 1024 },
    { description: "Of the whole answer; the first batch comes even when it is larger" },
  ),
  session: requestSession,
  topics: clusterList(object({ topicId, partitions: clusterList(partitionAsked) })),
  /** Leave the session. */
  forgotten: clusterList(object({ topicId, partitions: clusterList(partitionIndex) })),
});
export type ReplicateRequest = Static<typeof replicateRequest>;

const partitionReplicated = either([
  object({
    partition: partitionIndex,
    error: itemError,
    currentLeader: optional(currentLeader),
    logStartOffset: optional(offsetField),
    logEndOffset: optional(offsetField),
  }),
  object({
    partition: partitionIndex,
    highWatermark: offsetField,
    logStartOffset: offsetField,
    records: bytes({ description: "Whole RecordBatches v2 from fetchOffset on" }),
    /**
     * The follower's log is no prefix of the leader's: the greatest epoch, not above the follower's
     * last one, that the leader knows, and where it ends. There are no records then.
     */
    divergingEpoch: optional(object({ leaderEpoch: leaderEpochField, endOffset: offsetField })),
  }),
]);

/**
 * In a session only partitions with something to tell are in the answer. With `error` the session is
 * gone (`FETCH_SESSION_ID_NOT_FOUND`, `INVALID_FETCH_SESSION_EPOCH`) and nothing else is answered.
 */
export const replicateResponse = object({
  error: optional(itemError),
  /** Id 0: the leader keeps none; name all partitions again. */
  session: object({ id: int32, epoch: int32 }),
  topics: clusterList(object({ topicId, partitions: clusterList(partitionReplicated) })),
});
export type ReplicateResponse = Static<typeof replicateResponse>;
