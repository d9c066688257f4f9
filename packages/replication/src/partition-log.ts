import type { LeaderEpoch, Offset, Timestamp, TopicId, TopicPartition } from "@zoolog/base";
import type {
  AppendInfo,
  LogConfig,
  ProducerEntry,
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
  /** The idempotent producers that it remembers. */
  readonly producers: readonly ProducerEntry[];
  readonly leaderEpochs: {
    readonly latest: LeaderEpoch | undefined;
    epochForOffset(offset: Offset): LeaderEpoch | undefined;
    /** The greatest epoch up to `epoch` and where it ends; `undefined` for epochs of the future. */
    endOffsetFor(
      epoch: LeaderEpoch,
    ): { readonly epoch: LeaderEpoch; readonly endOffset: Offset } | undefined;
  };

  /**
   * Resolves when the batch is as safe as the topic's `flush` demands; in the order of calls. Its
   * memory is the log's until then, and the caller's again afterwards.
   */
  append(
    batches: readonly RecordBatch[],
    options: { readonly leaderEpoch: LeaderEpoch },
  ): Promise<AppendInfo>;
  /**
   * Appends a leader's batches as they are; they must follow the log's end. Answers `undefined` when
   * no batch was whole. Rejects with CORRUPT_MESSAGE or UNEXPECTED_APPEND_OFFSET before anything is
   * written.
   */
  appendAsFollower(bytes: Buffer): Promise<AppendInfo | undefined>;
  /** Removes the batch that holds the offset, all after it, and what the history says of that. */
  truncateTo(offset: Offset): Promise<void>;
  /** Removes everything; the next record gets the offset. */
  truncateFullyAndStartAt(offset: Offset): Promise<void>;
  /** Moves the log start forward, to the log end at most. */
  deleteBefore(offset: Offset): Promise<void>;
  read(request: ReadRequest): Promise<ReadResult>;
  offsetForTimestamp(timestamp: Timestamp): Promise<TimestampedOffset | undefined>;
  /**
   * When the first record at or after the offset was written; `undefined` when there is none. Cheap:
   * exact for records in memory and for the first one of a batch, else the time of its batch's first.
   */
  timestampAt(offset: Offset): Promise<Timestamp | undefined>;
  offsetOfMaxTimestamp(): Promise<TimestampedOffset | undefined>;
  /** Notes that the epoch begins at the log end, behind every append given before. */
  assignLeaderEpoch(leaderEpoch: LeaderEpoch): Promise<void>;
  updateHighWatermark(highWatermark: Offset): void;
  /** Brings everything appended before to the disk. */
  sync(): Promise<void>;
  configure(config: LogConfig): void;
}

/** Where logs come from. `LogManager` of @zoolog/log is one. */
export interface PartitionLogs {
  getOrCreate(
    topicPartition: TopicPartition,
    options: { readonly topicId: TopicId; readonly config: LogConfig },
  ): Promise<PartitionLog>;
  /** An empty log in place of one that failed, of which nothing is deleted. */
  startOver(
    topicPartition: TopicPartition,
    options: { readonly topicId: TopicId; readonly config: LogConfig },
  ): Promise<PartitionLog>;
}
