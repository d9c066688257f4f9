/**
 * When an append is acknowledged: `"os"` once the operating system has the bytes (a process crash
 * loses nothing, replication covers power loss), `"fsync"` once the disk has them.
 */
export type FlushPolicy = "os" | "fsync";

/** Settings of one partition's log; the topic's, in Kafka's terms. */
export type LogConfig = {
  /** `segment.bytes`: the active segment is rolled before it would grow beyond this. */
  readonly segmentBytes: number;
  /** `segment.ms`: a segment that holds records is rolled at this age. */
  readonly segmentMs: number;
  /** `segment.index.bytes`: a full offset index rolls the segment, too. */
  readonly segmentIndexBytes: number;
  /** `index.interval.bytes`: log bytes between two index entries. */
  readonly indexIntervalBytes: number;
  /** `retention.ms`; `undefined` keeps records for ever. */
  readonly retentionMs: number | undefined;
  /** `retention.bytes`; `undefined` sets no limit. */
  readonly retentionBytes: number | undefined;
  readonly flush: FlushPolicy;
};

/** Kafka's defaults. */
export const DEFAULT_LOG_CONFIG: LogConfig = {
  segmentBytes: 1024 * 1024 * 1024,
  segmentMs: 7 * 24 * 60 * 60 * 1000,
  segmentIndexBytes: 10 * 1024 * 1024,
  indexIntervalBytes: 4096,
  retentionMs: 7 * 24 * 60 * 60 * 1000,
  retentionBytes: undefined,
  flush: "os",
};
