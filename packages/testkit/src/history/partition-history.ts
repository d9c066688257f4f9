import type {
  AcknowledgedEntry,
  CommittedEntry,
  DuplicateCause,
  GroupEntry,
  GroupViolation,
  GroupViolationKind,
  OwnershipEntry,
  ProcessedEntry,
} from "./group-history.ts";

/** A member's time with the partition, from the assignment to the first sign that it is over. */
type Tenure = {
  readonly member: string;
  readonly from: number;
  until: number;
  end: Exclude<DuplicateCause, "freeze"> | undefined;
  lastOffset: number | undefined;
};

type Done = { readonly entry: ProcessedEntry; readonly tenure: Tenure };
type Freeze = { readonly at: number; readonly until: number };
type MemberEntry = Extract<GroupEntry, { readonly f: "killed" | "left" | "frozen" }>;

export type PartitionVerdict = {
  readonly violations: readonly GroupViolation[];
  readonly duplicates: readonly DuplicateCause[];
  readonly afterFreeze: number;
};

/** Everything that happened to one partition of a group. Entries come in the order of their times. */
export class PartitionHistory {
  readonly #partition: number;
  readonly #hashes: readonly string[];
  readonly #tenures = new Map<string, Tenure>();
  readonly #freezes = new Map<string, Freeze[]>();
  readonly #done: Done[] = [];
  readonly #commits: CommittedEntry[] = [];
  /** What anybody could rely on, from a time on. */
  readonly #known: (CommittedEntry | AcknowledgedEntry)[] = [];
  readonly #violations: GroupViolation[] = [];

  constructor(partition: number, hashes: readonly string[]) {
    this.#partition = partition;
    this.#hashes = hashes;
  }

  addOwnership({ at, f, member }: OwnershipEntry): void {
    if (f === "assigned") {
      const until = Number.POSITIVE_INFINITY;
      this.#tenures.set(member, { member, from: at, until, end: undefined, lastOffset: undefined });
    } else this.#end(member, at, f === "revoked" ? "revocation" : "lost");
  }

  addMember(entry: MemberEntry): void {
    const { at, member } = entry;
    if (entry.f === "frozen") {
      const known = this.#freezes.get(member);
      if (known === undefined) this.#freezes.set(member, [entry]);
      else known.push(entry);
    } else this.#end(member, at, entry.f === "killed" ? "crash" : "left");
  }

  /** What was in hand when a tenure ended still belongs to it. */
  addProcessed(entry: ProcessedEntry): void {
    const tenure = this.#tenures.get(entry.member);
    if (tenure === undefined) {
      this.#found("not-owned", `${entry.offset} by ${entry.member}`);
      return;
    }
    const { lastOffset } = tenure;
    if (lastOffset !== undefined && entry.offset !== lastOffset + 1) {
      this.#found("out-of-order", `${entry.offset} behind ${lastOffset} by ${entry.member}`);
    }
    tenure.lastOffset = entry.offset;
    this.#done.push({ entry, tenure });
  }

  addCommitted(entry: CommittedEntry): void {
    this.#commits.push(entry);
    this.#known.push(entry);
  }

  addAcknowledged(entry: AcknowledgedEntry): void {
    this.#known.push(entry);
  }

  check(): PartitionVerdict {
    this.#checkCoverage();
    this.#checkCommits();
    const afterFreeze = this.#checkOwners();
    return { violations: this.#violations, duplicates: this.#checkDuplicates(), afterFreeze };
  }

  #end(member: string, at: number, end: NonNullable<Tenure["end"]>): void {
    const tenure = this.#tenures.get(member);
    if (tenure === undefined || tenure.end !== undefined) return;
    tenure.until = at;
    tenure.end = end;
  }

  #checkCoverage(): void {
    const seen = new Set<number>();
    for (const { entry } of this.#done) {
      const { hash, member, offset } = entry;
      seen.add(offset);
      if (hash !== this.#hashes[offset]) this.#found("changed-record", `${offset} by ${member}`);
    }
    for (let offset = 0; offset < this.#hashes.length; offset++) {
      if (!seen.has(offset)) this.#found("skipped", `${offset}`);
    }
  }

  /** Each must be ahead of the ones before it, and behind what had been processed by then. */
  #checkCommits(): void {
    const processed = new Set<number>();
    /** Every record before it had been processed. */
    let mark = 0;
    let next = 0;
    let newest: CommittedEntry | undefined;
    for (const commit of this.#commits) {
      for (; next < this.#done.length; next++) {
        const done = this.#done[next];
        if (done === undefined || done.entry.at > commit.at) break;
        processed.add(done.entry.offset);
      }
      while (processed.has(mark)) mark += 1;
      if (commit.offset > mark) {
        this.#found("committed-before-processed", `${commit.offset}, while ${mark} was not done`);
      }
      if (newest !== undefined && isOlder(commit, newest)) continue;
      if (newest !== undefined && commit.offset < newest.offset) {
        this.#found("commit-went-back", `from ${newest.offset} to ${commit.offset}`);
      }
      newest = commit;
    }
    const end = this.#hashes.length;
    const committed = newest?.offset ?? 0;
    if (committed !== end) this.#found("commit-short-of-the-end", `${committed} of ${end}`);
  }

  /** Nobody goes on once somebody else has begun, unless he was frozen when that happened. */
  #checkOwners(): number {
    let afterFreeze = 0;
    let newest: Tenure | undefined;
    let begunAt = 0;
    for (const { entry, tenure } of this.#done) {
      if (newest === undefined || tenure.from >= newest.from) {
        if (tenure !== newest) begunAt = entry.at;
        newest = tenure;
      } else if (this.#wasFrozen(entry.member, begunAt, entry.at)) {
        afterFreeze += 1;
      } else {
        const what = `${entry.offset} by ${entry.member}, while ${newest.member} had it`;
        this.#found("two-owners", what);
      }
    }
    return afterFreeze;
  }

  #checkDuplicates(): DuplicateCause[] {
    const causes: DuplicateCause[] = [];
    const newest = new Map<number, Done>();
    for (const done of this.#done) {
      const { offset } = done.entry;
      const before = newest.get(offset);
      newest.set(offset, done);
      if (before === undefined) continue;
      const cause = this.#causeOf(before, done);
      if (cause !== undefined) causes.push(cause);
      else this.#found("unexplained-duplicate", `${offset} by ${name(before)}, then ${name(done)}`);
      const known = this.#committedBefore(done.tenure.from);
      if (known > offset) {
        const what = `${offset} by ${name(done)}, which began when ${known} was committed`;
        this.#found("processed-after-commit", what);
      }
    }
    return causes;
  }

  #causeOf(before: Done, again: Done): DuplicateCause | undefined {
    if (before.tenure === again.tenure) return undefined;
    const { at, member } = before.entry;
    const until = again.entry.at;
    if (this.#wasFrozen(member, at, until)) return "freeze";
    if (this.#wasFrozen(again.entry.member, before.tenure.from, until)) return "freeze";
    return before.tenure.until <= until ? before.tenure.end : undefined;
  }

  #committedBefore(at: number): number {
    let offset = 0;
    for (const commit of this.#known) {
      if (commit.at >= at) break;
      offset = Math.max(offset, commit.offset);
    }
    return offset;
  }

  /** For some of that time nothing of the member ran. */
  #wasFrozen(member: string, from: number, until: number): boolean {
    const freezes = this.#freezes.get(member) ?? [];
    return freezes.some((freeze) => freeze.at <= until && freeze.until >= from);
  }

  #found(kind: GroupViolationKind, what: string): void {
    this.#violations.push({ kind, partition: this.#partition, what });
  }
}

/** Read through a server that lagged behind. */
function isOlder(commit: CommittedEntry, than: CommittedEntry): boolean {
  return commit.zxid < than.zxid;
}

function name({ entry }: Done): string {
  return `${entry.member} at ${Math.round(entry.at)}`;
}
