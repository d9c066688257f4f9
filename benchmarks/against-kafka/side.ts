/** Brokers of one make, running on this machine. */
export type RunningSide = {
  /** `host:port,…` for Kafka's clients. */
  readonly bootstrap: string;
  readonly pids: readonly number[];
  /** SIGKILL for broker 1, 2 or 3. */
  kill(id: number): Promise<void>;
  close(): Promise<void>;
};

export const SIDE_IDS = ["zoolog", "3.9", "4"] as const;

/** Zoolog, or a line of Apache Kafka. */
export type SideId = (typeof SIDE_IDS)[number];

/** One make of broker that takes part. Whatever is not set is its own default. */
export type Side = {
  readonly id: SideId;
  /** With its version. */
  readonly name: string;
  start(brokers: 1 | 3): Promise<RunningSide>;
  /**
   * Starts one broker with everything that it needs beforehand ready, and answers when it has told
   * a client of itself for the first time.
   */
  startTimed(): Promise<{ readonly side: RunningSide; readonly readyMs: number }>;
};
