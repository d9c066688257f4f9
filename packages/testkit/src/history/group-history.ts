/**
 * What the members of a consumer group did and what ZooKeeper showed meanwhile, written down while
 * it happened; `checkGroupHistory` judges it. A member is one life of a process: a restarted one has
 * another name. All times are milliseconds by one clock of the machine.
 */
export type GroupEntry =
  | ProcessedEntry
  | OwnershipEntry
  | CommittedEntry
  | AcknowledgedEntry
  | { readonly f: "killed" | "left"; readonly member: string; readonly at: number }
  /** Nothing of it ran in between. */
  | {
      readonly f: "frozen";
      readonly member: string;
      readonly at: number;
      readonly until: number;
    };

/** Noted before the record counted as handled. */
export type ProcessedEntry = {
  readonly f: "processed";
  readonly member: string;
  readonly at: number;
  readonly partition: number;
  readonly offset: number;
  /** Generation or member epoch at that time; `undefined` while it was in between. */
  readonly epoch: number | undefined;
  readonly hash: string;
};

/** A member learned that partitions are its own (before the first record), or are so no more. */
export type OwnershipEntry = {
  readonly f: "assigned" | "revoked" | "lost";
  readonly member: string;
  readonly at: number;
  readonly partitions: readonly number[];
};

/** A committed offset as it stood in ZooKeeper, read not later than `at`. */
export type CommittedEntry = {
  readonly f: "committed";
  readonly at: number;
  readonly partition: number;
  readonly offset: number;
  /** Transaction that wrote it: orders observations through different servers. */
  readonly zxid: number;
};

/** A member was told, not later than `at`, that its commit is kept. */
export type AcknowledgedEntry = {
  readonly f: "acknowledged";
  readonly member: string;
  readonly at: number;
  readonly partition: number;
  readonly offset: number;
};

/** Hashes of all records of a partition, by offset from 0; read when everything had healed. */
export type GroupFinalLog = { readonly partition: number; readonly hashes: readonly string[] };

export type GroupViolationKind =
  /** A record that nobody processed. */
  | "skipped"
  /** What was processed is not what the log holds. */
  | "changed-record"
  /** A committed offset of a partition that is behind an earlier one. */
  | "commit-went-back"
  /** Committed, although a record before it had not been processed: a crash would have lost it. */
  | "committed-before-processed"
  /** At the end the committed offset is not the end of the log. */
  | "commit-short-of-the-end"
  /** A member began a partition before what somebody had seen or been told to be committed. */
  | "processed-after-commit"
  /** Processed twice without a crash, freeze or revocation in between. */
  | "unexplained-duplicate"
  /** While a member had a partition it went on behind anything but the record before. */
  | "out-of-order"
  /** Two members processed one partition at the same time, and neither had been frozen. */
  | "two-owners"
  /** Processed by somebody who had not been given the partition. */
  | "not-owned";

export type GroupViolation = {
  readonly kind: GroupViolationKind;
  readonly partition: number;
  readonly what: string;
};

/** What explains that a record was processed again. */
export type DuplicateCause = "crash" | "freeze" | "lost" | "revocation" | "left";
