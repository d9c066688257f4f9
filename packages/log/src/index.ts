export type {
  AppendInfo,
  FetchedBatches,
  OffsetOutOfRange,
  ReadRequest,
  ReadResult,
  TimestampedOffset,
} from "./border.ts";
export { DEFAULT_LOG_CONFIG, type FlushPolicy, type LogConfig } from "./log-config.ts";
