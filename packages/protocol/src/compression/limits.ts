import type { ZoologError } from "@zoolog/base";
import { messageTooLarge } from "../errors.ts";

export type DecompressLimits = {
  /** More output than this is refused while inflating, before it is allocated. */
  readonly maxBytes?: number | undefined;
};

/**
 * Default of `maxBytes`. Batches are 1 MiB at most unless a topic allows more, and text compresses
 * some ten times, so honest batches stay far below; a bomb of one batch takes 64 MiB and no more.
 */
export const DECOMPRESSED_BYTES_MAX = 64 * 1024 * 1024;

export function inflatedTooLarge(codec: string, maxBytes: number): ZoologError {
  return messageTooLarge(
    `the ${codec} block inflates to more than ${maxBytes} bytes`,
    "Send smaller batches, or raise the reader's limit if the producer is trusted",
  );
}
