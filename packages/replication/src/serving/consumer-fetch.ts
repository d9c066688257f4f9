import type {
  AbortSignalLike,
  Clock,
  LeaderEpoch,
  Offset,
  TopicId,
  TopicPartition,
} from "@zoolog/base";
import type { LogReadOutcome } from "../log-read.ts";
import type { Partition } from "../partition/partition.ts";
import type { Purgatory } from "../purgatory.ts";
import { type ReplicaError, replicaError } from "../replica-error.ts";
import { AnswerRoom, type ReadMemory } from "./answer-room.ts";

export type FetchRequest = {
  /** Read and answered in this order. */
  readonly partitions: readonly FetchPartition[];
  /** Wait until so many bytes can be answered; 0 or 1 and what is there is answered. */
  readonly minBytes: number;
  readonly maxWaitMs: number;
  /** Of the whole answer; the first batch of it comes even when it is larger. */
  readonly maxBytes: number;
  /** Where the consumer is: a leader may name a replica there instead of records (KIP-392). */
  readonly rack?: string | undefined;
  /** The caller has hung up: do not wait any longer. */
  readonly signal?: AbortSignalLike | undefined;
  /** Where the bytes of the answer are counted; without it nobody counts them. */
  readonly memory?: ReadMemory | undefined;
};

export type FetchPartition = TopicPartition & {
  /** The life of the topic that is meant: under another one the name is no answer (KIP-516). */
  readonly topicId?: TopicId | undefined;
  readonly fetchOffset: Offset;
  readonly maxBytes: number;
  readonly leaderEpoch?: LeaderEpoch | undefined;
  readonly lastFetchedEpoch?: LeaderEpoch | undefined;
};

export type FetchedPartition = TopicPartition & LogReadOutcome;

/** Finds the partition of a request, or says why there is none here. */
export type FindPartition = (topicPartition: TopicPartition) => Partition | ReplicaError;

/** What a pass over the partitions found, and what it would take to find more. */
type Pass = {
  readonly answers: readonly FetchedPartition[];
  readonly sizeInBytes: number;
  /** Reserved for them: fewer where the first batch is larger than it should be. */
  readonly reservedBytes: number;
  readonly isFull: boolean;
  /** An error, a closer replica or another history: nothing to wait for. */
  readonly isUrgent: boolean;
  readonly seen: readonly SeenPartition[];
};

type SeenPartition = {
  readonly partition: Partition;
  readonly committedBytes: number;
  readonly highWatermark: Offset | undefined;
  readonly leaderEpoch: LeaderEpoch | undefined;
};

/** What a parked fetch remembers: no data, which may be thousands of times its size. */
type Wanted = { readonly seen: readonly SeenPartition[]; readonly missingBytes: number };

/**
 * A consumer's fetch with long poll. It answers at once when it may not wait, has enough, or has
 * an error to tell; else it parks, keeping no data, and reads again when bytes have come, a
 * leadership has changed, the time is over or the caller has gone.
 */
export async function fetchForConsumer(
  request: FetchRequest,
  dependencies: {
    readonly find: FindPartition;
    readonly fetches: Purgatory;
    readonly clock: Clock;
    readonly onParked: () => void;
  },
): Promise<readonly FetchedPartition[]> {
  const deadline = dependencies.clock.monotonic() + request.maxWaitMs;
  const first = await answersOrWanted(request, dependencies.find);
  if ("answers" in first) return first.answers;
  dependencies.onParked();
  await moreBytes(request, first.wanted, deadline, dependencies.fetches);
  return (await readAll(request, dependencies.find)).answers;
}

/** On its own, so that nothing of the pass outlives it when the fetch parks. */
async function answersOrWanted(
  request: FetchRequest,
  find: FindPartition,
): Promise<Pick<Pass, "answers"> | { readonly wanted: Wanted }> {
  const { answers, sizeInBytes, reservedBytes, isFull, isUrgent, seen } = await readAll(
    request,
    find,
  );
  const answersNow =
    request.maxWaitMs <= 0 ||
    request.signal?.aborted === true ||
    isUrgent ||
    seen.length === 0 ||
    isFull ||
    sizeInBytes >= request.minBytes;
  if (answersNow) return { answers };
  request.memory?.release(reservedBytes);
  request.memory?.lease?.giveBack();
  return { wanted: { seen, missingBytes: request.minBytes - sizeInBytes } };
}

async function readAll(request: FetchRequest, find: FindPartition): Promise<Pass> {
  const ofPartitions = request.partitions.reduce((sum, asked) => sum + asked.maxBytes, 0);
  const { maxBytes, memory, minBytes, signal } = request;
  const wantedBytes = Math.min(maxBytes, ofPartitions);
  const room = new AnswerRoom({ maxBytes, minBytes, wantedBytes, memory, signal });
  const answers: FetchedPartition[] = [];
  const seen: SeenPartition[] = [];
  let isUrgent = false;
  for (const asked of request.partitions) {
    const { topic, partition: index, fetchOffset, lastFetchedEpoch, leaderEpoch } = asked;
    const found = findInLife(asked, find);
    if ("error" in found) {
      answers.push({ topic, partition: index, ...found });
      isUrgent = true;
      continue;
    }
    // Noted before the read: what is committed during it must count as news.
    seen.push(see(found));
    if (found.hasCommitted(fetchOffset)) await room.reserve(found.config.messageBytesMax);
    const reading = found.readForConsumer({
      fetchOffset,
      leaderEpoch,
      lastFetchedEpoch,
      maxBytes: Math.min(asked.maxBytes, room.bytesLeft),
      minOneBatch: room.isUnused && room.bytesLeft > 0,
      rack: request.rack,
      lease: memory?.lease,
    });
    const read = reading instanceof Promise ? await reading : reading;
    if (isWorthTelling(read)) isUrgent = true;
    if (read.error === undefined) room.take(read.sizeInBytes);
    answers.push(answerOf(topic, index, read));
  }
  const { isFull, reservedBytes, sizeInBytes } = room.close();
  return { answers, isUrgent, seen, sizeInBytes, reservedBytes, isFull };
}

/** Field by field: a copy of unknown shape would slow everything down that reads it. */
function answerOf(topic: string, partition: number, read: LogReadOutcome): FetchedPartition {
  if (read.error !== undefined) return { topic, partition, ...read };
  const { batches, sizeInBytes, highWatermark, logStartOffset } = read;
  const { divergingEpoch, preferredReadReplica } = read;
  const records = { topic, partition, batches, sizeInBytes, highWatermark, logStartOffset };
  if (preferredReadReplica !== undefined) return { ...records, preferredReadReplica };
  return divergingEpoch === undefined ? records : { ...records, divergingEpoch };
}

function findInLife(asked: FetchPartition, find: FindPartition): Partition | ReplicaError {
  const found = find(asked);
  const { topicId } = asked;
  if (topicId === undefined || "error" in found || found.topicId === topicId) return found;
  const message = `${asked.topic} is another topic of this name, with the id ${found.topicId}`;
  return replicaError("INCONSISTENT_TOPIC_ID", message);
}

/** A follower whose high watermark is on its way to the offset is waited for as for records. */
function isWorthTelling(read: LogReadOutcome): boolean {
  if (read.error !== undefined) return read.error !== "OFFSET_NOT_AVAILABLE";
  return read.preferredReadReplica !== undefined || read.divergingEpoch !== undefined;
}

function see(partition: Partition): SeenPartition {
  const { committedBytes, log, state } = partition;
  const isServed = state.role === "leader" || state.role === "follower";
  return {
    partition,
    committedBytes,
    highWatermark: log?.highWatermark,
    leaderEpoch: isServed ? state.leaderEpoch : undefined,
  };
}

function moreBytes(
  request: FetchRequest,
  { seen, missingBytes }: Wanted,
  deadline: number,
  fetches: Purgatory,
): Promise<void> {
  const { signal } = request;
  const keys = seen.map(({ partition }) => partition.key);
  return new Promise((resolve) => {
    const onAbort = (): void => void fetches.check(keys[0] ?? "");
    const answer = (): void => {
      signal?.removeEventListener("abort", onAbort);
      resolve();
    };
    const operation = {
      tryComplete: (): boolean => {
        const isReleased = signal?.aborted === true || hasNews(seen, missingBytes);
        if (isReleased) answer();
        return isReleased;
      },
      expire: answer,
    };
    signal?.addEventListener("abort", onAbort, { once: true });
    if (fetches.park(operation, { keys, deadline }) === "full") answer();
  });
}

function hasNews(seen: readonly SeenPartition[], missingBytes: number): boolean {
  let bytes = 0;
  for (const { partition, committedBytes, highWatermark, leaderEpoch } of seen) {
    const now = see(partition);
    if (now.leaderEpoch !== leaderEpoch) return true;
    const counted = now.committedBytes - committedBytes;
    // What was there before this role began is not counted, but is no less committed now.
    bytes += counted === 0 && now.highWatermark !== highWatermark ? 1 : counted;
  }
  return bytes >= missingBytes;
}
