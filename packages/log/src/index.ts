export type {
  AppendInfo,
  FetchedBatches,
  OffsetOutOfRange,
  ReadRequest,
  ReadResult,
  TimestampedOffset,
} from "./border.ts";
export type { EpochEndOffset } from "./checkpoint/leader-epochs.ts";
export { type MetaProperties, readMetaProperties } from "./checkpoint/meta-properties.ts";
export { OffsetIndex } from "./index/offset-index.ts";
export { TimeIndex } from "./index/time-index.ts";
export { type LeaderEpochHistory, Log, type LogDependencies, type LogOptions } from "./log.ts";
export { DEFAULT_LOG_CONFIG, type FlushPolicy, type LogConfig } from "./log-config.ts";
export {
  DEFAULT_LOG_DIRECTORY_LIMITS,
  LogDirectory,
  type LogDirectoryLimits,
} from "./log-directory.ts";
export {
  LogManager,
  type LogManagerDependencies,
  type LogManagerOptions,
} from "./log-manager.ts";
export type { TickPeriods } from "./log-ticks.ts";
export type { ReadVerification } from "./segment/segment-read.ts";
export type { DataFolderBoot } from "./startup/owned-folder.ts";
export {
  LOG_SUFFIX,
  OFFSET_INDEX_SUFFIX,
  segmentBaseOffset,
  TIME_INDEX_SUFFIX,
} from "./volume/file-names.ts";
