import type { Anomaly, AnomalyKind, FinalLog, PollEntry, SendEntry } from "./history.ts";

/** Everything that happened to one key. Entries come in any order; `check` judges them all. */
export class KeyHistory {
  readonly #key: string;
  readonly #sends = new Map<string, SendEntry>();
  /** What was said to stand where, by acknowledgements, polls and the final log. */
  readonly #valuesAt = new Map<number, Set<string>>();
  readonly #offsetsOf = new Map<string, Set<number>>();
  readonly #read = new Map<string, number>();
  readonly #polls: PollEntry[] = [];
  readonly #anomalies: Anomaly[] = [];
  #final: FinalLog | undefined;

  constructor(key: string) {
    this.#key = key;
  }

  addSend(send: SendEntry): void {
    this.#sends.set(send.value, send);
    if (send.offset !== undefined) this.#stands(send.offset, send.value);
  }

  addPoll(poll: PollEntry): void {
    this.#polls.push(poll);
    for (const [offset, value] of poll.records) this.#wasRead(offset, value);
  }

  addFinal(log: FinalLog): void {
    this.#final = log;
    for (const [offset, value] of log.records) this.#wasRead(offset, value);
  }

  check(): readonly Anomaly[] {
    this.#checkOffsets();
    this.#checkSends();
    this.#checkReads();
    this.#checkPolls();
    this.#checkFinalLog();
    return this.#anomalies;
  }

  #wasRead(offset: number, value: string): void {
    this.#read.set(value, offset);
    this.#stands(offset, value);
  }

  #stands(offset: number, value: string): void {
    const values = this.#valuesAt.get(offset);
    if (values === undefined) this.#valuesAt.set(offset, new Set([value]));
    else values.add(value);
    const offsets = this.#offsetsOf.get(value);
    if (offsets === undefined) this.#offsetsOf.set(value, new Set([offset]));
    else offsets.add(offset);
  }

  #checkOffsets(): void {
    for (const [offset, values] of this.#valuesAt) {
      if (values.size > 1) this.#found("inconsistent-offset", `${offset}: ${list(values)}`);
    }
    for (const [value, offsets] of this.#offsetsOf) {
      if (offsets.size > 1) this.#found("duplicate", `${value} at ${list(offsets)}`);
    }
  }

  /** Whatever was acknowledged has to be in the final log. */
  #checkSends(): void {
    if (this.#final === undefined) return;
    const kept = new Set(this.#final.records.map(([, value]) => value));
    const end = this.#final.records.at(-1)?.[0] ?? -1;
    for (const { outcome, offset, value } of this.#sends.values()) {
      if (outcome !== "ok" || kept.has(value) || this.#isTrimmed(offset)) continue;
      const kind = offset !== undefined && offset > end ? "unseen" : "lost-write";
      this.#found(kind, `${value}, acknowledged at ${offset}`);
    }
  }

  /** Whatever was read has to have been sent, and to stay. */
  #checkReads(): void {
    const final = this.#final && new Map(this.#final.records);
    for (const [value, offset] of this.#read) {
      const send = this.#sends.get(value);
      if (send === undefined) this.#found("changed-record", `${offset}: ${value} was never sent`);
      if (send?.outcome === "fail") this.#found("aborted-read", `${value} at ${offset}`);
      if (final === undefined || this.#isTrimmed(offset)) continue;
      if (final.get(offset) !== value) this.#found("vanished-read", `${value} at ${offset}`);
    }
  }

  #checkPolls(): void {
    const last = new Map<string, number>();
    for (const { process, position, records } of this.#polls) {
      const reader = `${process} ${position}`;
      for (const [offset] of records) {
        const before = last.get(reader);
        if (before !== undefined && offset <= before) {
          this.#found("nonmonotonic-poll", `reader ${process}: ${offset} after ${before}`);
        } else if (before !== undefined && offset !== before + 1) {
          this.#found("poll-skip", `reader ${process}: ${offset} after ${before}`);
        }
        last.set(reader, offset);
      }
    }
  }

  #checkFinalLog(): void {
    if (this.#final === undefined) return;
    const { logStartOffset, records } = this.#final;
    let before = logStartOffset === undefined ? undefined : logStartOffset - 1;
    const newest = new Map<number, SendEntry>();
    for (const [offset, value] of records) {
      if (before !== undefined && offset !== before + 1) {
        this.#found("offset-gap", `${offset} after ${before}`);
      }
      before = offset;
      const send = this.#sends.get(value);
      if (send === undefined) continue;
      const earlier = newest.get(send.process);
      if (earlier !== undefined && send.order < earlier.order) {
        this.#found("reordered-send", `${value} at ${offset}, behind ${earlier.value}`);
      } else {
        newest.set(send.process, send);
      }
    }
  }

  /** Deleted on purpose. */
  #isTrimmed(offset: number | undefined): boolean {
    return offset !== undefined && offset < (this.#final?.logStartOffset ?? 0);
  }

  #found(kind: AnomalyKind, what: string): void {
    this.#anomalies.push({ kind, key: this.#key, what });
  }
}

function list(values: ReadonlySet<string | number>): string {
  return [...values].join(", ");
}
