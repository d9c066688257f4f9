import type { Offset, Timestamp } from "@zoolog/base";

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
