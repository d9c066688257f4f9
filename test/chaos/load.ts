import type { FinalLog, HistoryEntry } from "@zoolog/testkit";

/** Writers and readers at work on a cluster, and what they note for the checker. */
export type Load = {
  readonly entries: readonly HistoryEntry[];
  /** Errors of readers, which then began anew: expected under faults, shown in the report. */
  readonly readerErrors: ReadonlyMap<string, number>;
  /** Resolves when the writers are at work. */
  start(): Promise<void>;
  /** Sends nothing new, waits for what is under way. */
  stopWriting(): Promise<void>;
  /** Ends the readers; says what one of them should have seen of the logs that are left and has not. */
  stopReading(finalLogs: readonly FinalLog[]): Promise<readonly string[]>;
  /** Lines for the report. */
  figures(): readonly string[];
  /** Ends at once: of a run that has failed, or is over. */
  abandon(): void;
};
