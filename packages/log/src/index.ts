export type { AppendInfo } from "./append/append-info.ts";
export { clusterOfFolder } from "./checkpoint/meta-properties.ts";
export { OffsetIndex } from "./indexes/offset-index.ts";
export { TimeIndex } from "./indexes/time-index.ts";
export { Log, type LogOptions } from "./log.ts";
export { DEFAULT_LOG_CONFIG, type LogConfig } from "./log-config.ts";
export { LogDirectory, type LogDirectoryLimits } from "./log-directory.ts";
export { LogManager } from "./log-manager.ts";
export type { ProducerEntry } from "./producers/producer-entry.ts";
export { ReadLease } from "./read/read-lease.ts";
export type { ReadRequest, ReadResult } from "./read/read-result.ts";
export type { TimestampedOffset } from "./read/timestamp-lookup.ts";
export type { ReadVerification } from "./segment/segment-read.ts";
export {
  LOG_SUFFIX,
  OFFSET_INDEX_SUFFIX,
  segmentBaseOffset,
  TIME_INDEX_SUFFIX,
} from "./volume/file-names.ts";
