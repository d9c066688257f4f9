export type {
  AppendInfo,
  FetchedBatches,
  OffsetOutOfRange,
  ReadRequest,
  ReadResult,
  TimestampedOffset,
} from "./border.ts";
export {
  LOG_SUFFIX,
  OFFSET_INDEX_SUFFIX,
  segmentBaseOffset,
  TIME_INDEX_SUFFIX,
} from "./file-names.ts";
export type { EpochEndOffset } from "./leader-epochs.ts";
export { type LeaderEpochHistory, Log, type LogDependencies, type LogOptions } from "./log.ts";
export { DEFAULT_LOG_CONFIG, type FlushPolicy, type LogConfig } from "./log-config.ts";
export {
  DEFAULT_LOG_DIRECTORY_LIMITS,
  LogDirectory,
  type LogDirectoryLimits,
} from "./log-directory.ts";
export {
  type DataFolderBoot,
  LogManager,
  type LogManagerDependencies,
  type LogManagerOptions,
} from "./log-manager.ts";
export type { TickPeriods } from "./log-ticks.ts";
export { type MetaProperties, readMetaProperties } from "./meta-properties.ts";
export { OffsetIndex } from "./offset-index.ts";
export type { ReadVerification } from "./segment-read.ts";
export { TimeIndex } from "./time-index.ts";
