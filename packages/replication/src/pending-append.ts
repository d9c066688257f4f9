import type { LeaderEpoch } from "@zoolog/base";
import type { AppendInfo } from "@zoolog/log";
import type { InflationBudget, RequiredAcks } from "@zoolog/protocol";
import type { Purgatory } from "./purgatory.ts";
import { type ReplicaError, replicaError } from "./replica-error.ts";

export type { RequiredAcks };

export type AppendOptions = {
  readonly requiredAcks: RequiredAcks;
  /** The epoch in which the producer believes; an older or newer one is refused. */
  readonly leaderEpoch?: LeaderEpoch | undefined;
  /** When `committed` gives up waiting, by the monotonic clock. */
  readonly deadline: number;
  /** What the compressed batches of one call may inflate to together. */
  readonly inflation?: InflationBudget | undefined;
};

export type AppendOutcome = (AppendInfo & { readonly error?: never }) | ReplicaError;

/** Both stages of an append at once. Neither promise rejects for anything a caller can cause. */
export type PendingAppend = {
  /** The leader's log has it: what `acks=leader` waits for. */
  readonly appended: Promise<AppendOutcome>;
  /**
   * The high watermark has passed it: what `acks=all` waits for. Followed only for appends with
   * `requiredAcks: "all"`; for the others it is `appended`.
   */
  readonly committed: Promise<AppendOutcome>;
};

/** Nothing was appended. */
export function refused(error: ReplicaError): PendingAppend {
  const outcome = Promise.resolve(error);
  return { appended: outcome, committed: outcome };
}

export type CommitWait = {
  readonly appended: Promise<AppendOutcome>;
  /** What became of the append; `undefined` as long as that is open. */
  readonly verdict: (appended: Exclude<AppendOutcome, ReplicaError>) => AppendOutcome | undefined;
  readonly key: string;
  readonly deadline: number;
};

/** The second stage of an append: parked until the high watermark has passed it. */
export async function awaitCommit(wait: CommitWait, commits: Purgatory): Promise<AppendOutcome> {
  const outcome = await wait.appended;
  if (outcome.error !== undefined) return outcome;
  const verdict = wait.verdict(outcome);
  if (verdict !== undefined) return verdict;
  return new Promise((resolve) => {
    const operation = {
      tryComplete: (): boolean => {
        const reached = wait.verdict(outcome);
        if (reached !== undefined) resolve(reached);
        return reached !== undefined;
      },
      expire: (): void => resolve(notCommitted("the replicas did not confirm it in time")),
    };
    const parked = commits.park(operation, { keys: [wait.key], deadline: wait.deadline });
    if (parked === "full") resolve(notCommitted("too many requests wait for replicas"));
  });
}

function notCommitted(why: string): ReplicaError {
  return replicaError("REQUEST_TIMED_OUT", `appended, but ${why}: it may or may not survive`);
}
