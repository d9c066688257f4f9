/**
 * What clients saw of a cluster, written down while it happened; `checkHistory` judges it. The
 * vocabulary is that of Jepsen's Kafka workload: a key is one partition, every value is unique.
 */
export type HistoryEntry = SendEntry | PollEntry;

/** One record from its send to what became of it. */
export type SendEntry = {
  readonly f: "send";
  /** One producer; a restarted one is another process. */
  readonly process: number;
  /** Counts the sends of the process, in the order of the calls. */
  readonly order: number;
  readonly key: string;
  readonly value: string;
  /**
   * - `"ok"`: acknowledged, at `offset`.
   * - `"fail"`: provably not done: refused before it was sent.
   * - `"info"`: it may have been done or not: a timeout, a broken connection.
   */
  readonly outcome: "ok" | "fail" | "info";
  readonly offset: number | undefined;
  /** Milliseconds by one clock of the whole history. */
  readonly sentAt: number;
  readonly settledAt: number;
};

/** What one reader was handed out, in order. */
export type PollEntry = {
  readonly f: "poll";
  readonly process: number;
  readonly key: string;
  /** Raised whenever the reader was moved: order is promised between two moves only. */
  readonly position: number;
  readonly records: readonly (readonly [offset: number, value: string])[];
  readonly at: number;
};

/** The whole log of a key, read when everything had healed and nobody wrote any more. */
export type FinalLog = {
  readonly key: string;
  readonly records: readonly (readonly [offset: number, value: string])[];
  /** Records before it were deleted on purpose; without it that is not known. */
  readonly logStartOffset?: number;
};

export type AnomalyKind =
  /** An acknowledged record is not in the final log, though later ones are. */
  | "lost-write"
  /** An acknowledged record at the end of the log is not there. */
  | "unseen"
  /** Somebody has read a record that the final log does not have at that offset. */
  | "vanished-read"
  /** Two values at one offset. */
  | "inconsistent-offset"
  /** One value at two offsets. */
  | "duplicate"
  /** A record whose send had provably failed was read. */
  | "aborted-read"
  /** A value that nobody sent, or that was changed on the way. */
  | "changed-record"
  /** A reader was handed out an offset again, or an earlier one. */
  | "nonmonotonic-poll"
  /** A reader missed an offset. */
  | "poll-skip"
  /** Offsets of the final log have a hole. */
  | "offset-gap"
  /** Records of one producer stand in another order than they were sent. */
  | "reordered-send";

export type Anomaly = { readonly kind: AnomalyKind; readonly key: string; readonly what: string };
