import type {
  DuplicateCause,
  GroupEntry,
  GroupFinalLog,
  GroupViolation,
  GroupViolationKind,
} from "./group-history.ts";
import { PartitionHistory, type PartitionVerdict } from "./partition-history.ts";

export type GroupVerdict = {
  readonly violations: readonly GroupViolation[];
  readonly countByKind: ReadonlyMap<GroupViolationKind, number>;
  /** Records processed, those processed again included. */
  readonly processed: number;
  /** Records processed again, by what explains it. */
  readonly duplicates: ReadonlyMap<DuplicateCause, number>;
  /** Records processed by a member that had been frozen while another took over. */
  readonly afterFreeze: number;
  readonly commitsSeen: number;
};

/** Judges what a group did against the log that it read. No violation is a clean run. */
export function checkGroupHistory(
  entries: Iterable<GroupEntry>,
  finalLogs: Iterable<GroupFinalLog>,
): GroupVerdict {
  const partitions = new Map<number, PartitionHistory>();
  for (const { hashes, partition } of finalLogs) {
    partitions.set(partition, new PartitionHistory(partition, hashes));
  }
  const of = (partition: number): PartitionHistory => {
    const known = partitions.get(partition) ?? new PartitionHistory(partition, []);
    partitions.set(partition, known);
    return known;
  };
  const counts = { processed: 0, committed: 0 };
  for (const entry of [...entries].sort((a, b) => a.at - b.at)) {
    if (entry.f === "processed" || entry.f === "committed") counts[entry.f] += 1;
    if (entry.f === "processed") of(entry.partition).addProcessed(entry);
    else if (entry.f === "committed") of(entry.partition).addCommitted(entry);
    else if (entry.f === "acknowledged") of(entry.partition).addAcknowledged(entry);
    else if (!("partitions" in entry))
      for (const known of partitions.values()) known.addMember(entry);
    else for (const partition of entry.partitions) of(partition).addOwnership(entry);
  }
  return sumOf(
    [...partitions.values()].map((history) => history.check()),
    counts,
  );
}

function sumOf(
  verdicts: readonly PartitionVerdict[],
  { committed: commitsSeen, processed }: { readonly processed: number; readonly committed: number },
): GroupVerdict {
  const duplicates = new Map<DuplicateCause, number>();
  const countByKind = new Map<GroupViolationKind, number>();
  for (const verdict of verdicts) {
    for (const cause of verdict.duplicates) add(duplicates, cause);
    for (const { kind } of verdict.violations) add(countByKind, kind);
  }
  const violations = verdicts.flatMap((verdict) => verdict.violations);
  const afterFreeze = verdicts.reduce((sum, verdict) => sum + verdict.afterFreeze, 0);
  return { violations, countByKind, processed, duplicates, afterFreeze, commitsSeen };
}

function add<Key>(counts: Map<Key, number>, key: Key): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
