/** What a process of `group-member.ts` is told, as JSON in its first argument. */
export type MemberPlan = {
  readonly name: string;
  /** Where `packages/` stands: this repository, or a copy with a mutation. */
  readonly build: string;
  readonly brokers: readonly string[];
  readonly group: string;
  readonly topic: string;
  readonly protocol: "consumer" | "classic";
  readonly read: ReadingWay;
  readonly historyFile: string;
  readonly sessionTimeoutMs: number;
  readonly heartbeatIntervalMs: number;
  /** A record of one partition is handled so often, ms, so that the run lasts as long as its faults. */
  readonly paceMs: number;
};

/** How members ask for records: `consumer.run`, `for await`, or `consumer.batches()`. */
export const READING_WAYS = ["run", "records", "batches"] as const;
export type ReadingWay = (typeof READING_WAYS)[number];

/**
 * What it may be told later, one line each, on its standard input: `fast` ends the pace, `leave` ends
 * the member in order. It ends at once when that input does.
 */
export type MemberCommand = "fast" | "leave";
