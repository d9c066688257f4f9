import type { LeaderEpoch, Offset, Timestamp, TopicId, TopicPartition } from "@zoolog/base";
import type {
  AppendInfo,
  LogConfig,
  ReadRequest,
  ReadResult,
  TimestampedOffset,
} from "@zoolog/log";
import type { RecordBatch } from "@zoolog/protocol";

/** What a partition needs of its log. `Log` of @zoolog/log is one. */
export interface PartitionLog {
  readonly logStartOffset: Offset;
  readonly logEndOffset: Offset;
  readonly highWatermark: Offset;
  readonly sizeInBytes: number;
  readonly leaderEpochs: {
    readonly latest: LeaderEpoch | undefined;
    epochForOffset(offset: Offset): LeaderEpoch | undefined;
  };

  /**
   * Resolves when the batch is as safe as the topic's `flush` demands; in the order of calls. Its
   * memory is the log's until then, and the caller's again afterwards.
   */
  append(
    batches: readonly RecordBatch[],
    options: { readonly leaderEpoch: LeaderEpoch },
  ): Promise<AppendInfo>;
  read(request: ReadRequest): Promise<ReadResult>;
  offsetForTimestamp(timestamp: Timestamp): Promise<TimestampedOffset | undefined>;
  offsetOfMaxTimestamp(): Promise<TimestampedOffset | undefined>;
  /** Writes down that the epoch begins at the log end, behind every append given before. */
  assignLeaderEpoch(leaderEpoch: LeaderEpoch): Promise<void>;
  updateHighWatermark(highWatermark: Offset): void;
  flush(): Promise<void>;
  configure(config: LogConfig): void;
}

/** Where logs come from. `LogManager` of @zoolog/log is one. */
export interface PartitionLogs {
  getOrCreate(
    topicPartition: TopicPartition,
    options: { readonly topicId: TopicId; readonly config: LogConfig },
  ): Promise<PartitionLog>;
}
