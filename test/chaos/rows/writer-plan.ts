/** What a writer process is told, as JSON. */
export type WriterPlan = {
  readonly brokers: readonly string[];
  readonly historyFile: string;
  /** The producer's number in the history. */
  readonly process: number;
  readonly partitions: number;
  readonly recordsPerSecond: number;
};

/** Noted before a record is sent, and again when its fate is known; times by the machine's clock. */
export type WriterLine =
  | readonly ["sent", order: number, key: string, value: string, at: number]
  | readonly ["ok", order: number, offset: number, at: number]
  | readonly ["info", order: number, at: number];
