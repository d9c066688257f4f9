import type { Offset } from "@zoolog/base";
import type { ReadLease } from "./read-lease.ts";

export type ReadRequest = {
  /** The batch that contains this offset comes first. */
  readonly from: Offset;
  readonly maxBytes: number;
  /** Exclusive; batches at or above it are left out. The log end offset when absent. */
  readonly upTo?: Offset;
  /** Answer the first batch even when it alone is larger than `maxBytes`. */
  readonly minOneBatch: boolean;
  /** Where the memory of the batches is given back; without it the collector takes it. */
  readonly lease?: ReadLease | undefined;
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
