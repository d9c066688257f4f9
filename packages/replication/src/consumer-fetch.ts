import type { AbortSignalLike, Clock, LeaderEpoch, Offset, TopicPartition } from "@zoolog/base";
import type { ConsumerRead, ConsumerReadError, Partition } from "./partition.ts";
import type { Purgatory } from "./purgatory.ts";
import type { ReplicaError } from "./replica-error.ts";

export type FetchRequest = {
  /** Read and answered in this order. */
  readonly partitions: readonly FetchPartition[];
  /** Wait until so many bytes can be answered; 0 or 1 and what is there is answered. */
  readonly minBytes: number;
  readonly maxWaitMs: number;
  /** Of the whole answer; the first batch of it comes even when it is larger. */
  readonly maxBytes: number;
  /** The caller has hung up: do not wait any longer. */
  readonly signal?: AbortSignalLike | undefined;
};

export type FetchPartition = TopicPartition & {
  readonly fetchOffset: Offset;
  readonly maxBytes: number;
  readonly leaderEpoch?: LeaderEpoch | undefined;
};

export type FetchedPartition = TopicPartition & (ConsumerRead | ConsumerReadError);

/** Finds the partition of a request, or says why there is none here. */
export type FindPartition = (topicPartition: TopicPartition) => Partition | ReplicaError;

/** What a pass over the partitions found, and what it would take to find more. */
type Pass = {
  readonly answers: readonly FetchedPartition[];
  readonly sizeInBytes: number;
  readonly hasError: boolean;
  readonly seen: readonly SeenPartition[];
};

type SeenPartition = {
  readonly partition: Partition;
  readonly committedBytes: number;
  readonly leaderEpoch: LeaderEpoch | undefined;
};

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
  const pass = await readAll(request, dependencies.find);
  const answersNow =
    request.maxWaitMs <= 0 ||
    request.signal?.aborted === true ||
    pass.hasError ||
    pass.seen.length === 0 ||
    pass.sizeInBytes >= request.minBytes;
  if (answersNow) return pass.answers;
  dependencies.onParked();
  const waited = await moreBytes(request, pass, deadline, dependencies.fetches);
  return waited === "full" ? pass.answers : (await readAll(request, dependencies.find)).answers;
}

async function readAll(request: FetchRequest, find: FindPartition): Promise<Pass> {
  const answers: FetchedPartition[] = [];
  const seen: SeenPartition[] = [];
  let sizeInBytes = 0;
  let hasError = false;
  for (const asked of request.partitions) {
    const { topic, partition: index, fetchOffset, leaderEpoch } = asked;
    const found = find(asked);
    if ("error" in found) {
      answers.push({ topic, partition: index, ...found });
      hasError = true;
      continue;
    }
    // Noted before the read: what is committed during it must count as news.
    seen.push(see(found));
    const read = await found.readForConsumer({
      fetchOffset,
      leaderEpoch,
      maxBytes: Math.min(asked.maxBytes, request.maxBytes - sizeInBytes),
      minOneBatch: sizeInBytes === 0,
    });
    if (read.error !== undefined) hasError = true;
    else sizeInBytes += read.sizeInBytes;
    answers.push({ topic, partition: index, ...read });
  }
  return { answers, sizeInBytes, hasError, seen };
}

function see(partition: Partition): SeenPartition {
  const { committedBytes, state } = partition;
  return {
    partition,
    committedBytes,
    leaderEpoch: state.role === "leader" ? state.leaderEpoch : undefined,
  };
}

function moreBytes(
  request: FetchRequest,
  pass: Pass,
  deadline: number,
  fetches: Purgatory,
): Promise<"released" | "full"> {
  const { signal } = request;
  const missing = request.minBytes - pass.sizeInBytes;
  const keys = pass.seen.map(({ partition }) => partition.key);
  return new Promise((resolve) => {
    const onAbort = (): void => void fetches.check(keys[0] ?? "");
    const answer = (outcome: "released" | "full"): void => {
      signal?.removeEventListener("abort", onAbort);
      resolve(outcome);
    };
    const operation = {
      tryComplete: (): boolean => {
        const isReleased = signal?.aborted === true || hasNews(pass.seen, missing);
        if (isReleased) answer("released");
        return isReleased;
      },
      expire: (): void => answer("released"),
    };
    signal?.addEventListener("abort", onAbort, { once: true });
    if (fetches.park(operation, { keys, deadline }) === "full") answer("full");
  });
}

function hasNews(seen: readonly SeenPartition[], missing: number): boolean {
  let bytes = 0;
  for (const { partition, committedBytes, leaderEpoch } of seen) {
    const now = see(partition);
    if (now.leaderEpoch !== leaderEpoch) return true;
    bytes += now.committedBytes - committedBytes;
  }
  return bytes >= missing;
}
