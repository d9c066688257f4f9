import type { BrokerId, Offset, TopicPartition } from "@zoolog/base";
import type { DeletedHere, Partition } from "../partition/partition.ts";
import type { Purgatory } from "../purgatory.ts";
import { type ReplicaError, replicaError } from "../replica-error.ts";
import type { FindPartition } from "./consumer-fetch.ts";

/** Records before an offset are to go, or all that are committed now. */
export type RecordDeletion = TopicPartition & { readonly before: Offset | "highWatermark" };

export type DeletedRecords = TopicPartition &
  (
    | ReplicaError
    /** The least log start offset of the replicas on live brokers. */
    | { readonly error?: never; readonly lowWatermark: Offset }
  );

/** Watched by every deletion: a broker that goes is not waited for. */
export const LIVE_BROKERS_KEY = "live brokers";

type Pending = { readonly partition: Partition; readonly deleted: DeletedHere };

/**
 * Deletes at the leader, durably, then waits until the replicas on live brokers have followed
 * (KIP-107): from then on no election brings the records back. Answers stand in the order of the
 * request.
 */
export async function deleteRecords(
  request: { readonly deletions: readonly RecordDeletion[]; readonly deadline: number },
  dependencies: { readonly find: FindPartition; readonly waiting: Purgatory },
): Promise<readonly DeletedRecords[]> {
  const { find, waiting } = dependencies;
  const begun = await Promise.all(
    request.deletions.map(async (deletion): Promise<Pending | ReplicaError> => {
      const partition = find(deletion);
      if ("error" in partition) return partition;
      const deleted = await partition.deleteRecords(deletion.before);
      return deleted.error === undefined ? { partition, deleted } : deleted;
    }),
  );
  const pending = begun.flatMap((each) => ("partition" in each ? [each] : []));
  const outcome = await untilFollowed(pending, request.deadline, waiting);
  return request.deletions.map(({ topic, partition }, i): DeletedRecords => {
    const item = begun[i];
    const answer = item === undefined || !("partition" in item) ? item : followed(item, outcome);
    const missing = replicaError("UNKNOWN_SERVER_ERROR", "the partition was not looked at");
    return { topic, partition, ...(answer ?? missing) };
  });
}

function untilFollowed(
  pending: readonly Pending[],
  deadline: number,
  waiting: Purgatory,
): Promise<"followed" | "expired" | "full"> {
  const keys = [...pending.map(({ partition }) => partition.key), LIVE_BROKERS_KEY];
  return new Promise((resolve) => {
    const operation = {
      tryComplete: (): boolean => {
        const isDone = pending.every((each) => stillBehind(each) === undefined);
        if (isDone) resolve("followed");
        return isDone;
      },
      expire: (): void => resolve("expired"),
    };
    if (waiting.park(operation, { keys, deadline }) === "full") resolve("full");
  });
}

/** Who is waited for; nobody, too, where this broker leads no more. */
function stillBehind({ partition, deleted }: Pending): readonly BrokerId[] | undefined {
  const { state } = partition;
  if (state.role !== "leader" || state.leaderEpoch !== deleted.leaderEpoch) return undefined;
  const { behind } = state.lowWatermark(deleted.before);
  return behind.length === 0 ? undefined : behind;
}

function followed(
  pending: Pending,
  outcome: "followed" | "expired" | "full",
): ReplicaError | { readonly lowWatermark: Offset } {
  const { partition, deleted } = pending;
  const { state } = partition;
  if (state.role !== "leader" || state.leaderEpoch !== deleted.leaderEpoch) {
    const message = `${partition.key} got another leader before all replicas had followed: ask it`;
    return replicaError("NOT_LEADER_OR_FOLLOWER", message);
  }
  const { offset, behind } = state.lowWatermark(deleted.before);
  if (behind.length === 0) return { lowWatermark: offset };
  const still = `brokers ${behind.join(", ")} still have records before ${deleted.before}`;
  if (outcome === "full") {
    const message = `deleted here, but too many calls wait already: ${still}`;
    return replicaError("THROTTLING_QUOTA_EXCEEDED", message);
  }
  return replicaError("REQUEST_TIMED_OUT", `deleted here and not everywhere in time: ${still}`);
}
