import type { LeaderEpoch, Offset, Timestamp } from "@zoolog/base";

/** Where an append went. */
export type AppendInfo = {
  readonly baseOffset: Offset;
  /** Inclusive. */
  readonly lastOffset: Offset;
  /** Set when the topic stamps records on append. */
  readonly logAppendTime: Timestamp | undefined;
  readonly logStartOffset: Offset;
  /** The batch was in the log already: this is where. Nothing was written. */
  readonly duplicate?: true;
};

export type ReadRequest = {
  /** The batch that contains this offset comes first. */
  readonly from: Offset;
  readonly maxBytes: number;
  /** Exclusive; batches at or above it are left out. The log end offset when absent. */
  readonly upTo?: Offset;
  /** Answer the first batch even when it alone is larger than `maxBytes`. */
  readonly minOneBatch: boolean;
};

/** Whole batches in offset order; none at the end of the log. */
export type FetchedBatches = {
  /** Each buffer holds one or more whole batches. Shared with the tail cache: never write to them. */
  readonly batches: readonly Buffer[];
  readonly sizeInBytes: number;
  /** Base offset of the first batch, at or below `from`; `from` itself when there is none. */
  readonly startOffset: Offset;
  /** Where to go on reading. */
  readonly nextOffset: Offset;
  readonly error?: undefined;
};

/** `from` lies below the log start offset or above the log end offset. */
export type OffsetOutOfRange = {
  readonly error: "OFFSET_OUT_OF_RANGE";
  readonly logStartOffset: Offset;
  readonly logEndOffset: Offset;
};

export type ReadResult = FetchedBatches | OffsetOutOfRange;

/** A record found by its timestamp. */
export type TimestampedOffset = {
  readonly offset: Offset;
  readonly timestamp: Timestamp;
  readonly leaderEpoch: LeaderEpoch | undefined;
};
