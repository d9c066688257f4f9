import type { RecordBatch } from "@zoolog/protocol";

/** Smaller blocks are inflated again sooner than they are compared. */
const BLOCK_BYTES_MIN = 64 * 1024;
/** Kept at most, for all readers together: what an ordinary batch of 1 MiB becomes. */
const BLOCK_BYTES_MAX = 16 * 1024 * 1024;

/** The attributes, where the bytes begin that the checksum covers (docs/formats/record-batch.md). */
const COVERED_FROM = 21;

const NOTHING = Buffer.alloc(0);

/**
 * The block that was inflated last. A reader takes a large batch in many steps, each from where the
 * one before ended, and would inflate all of it for each of them.
 */
export class LastBlock {
  /** What the checksum covers of the batch: codec, counts, times and the compressed records. */
  #source: Buffer = NOTHING;
  #block: Buffer = NOTHING;

  /** Throws as `RecordBatch.inflate` does. */
  of(batch: RecordBatch): Buffer {
    if (batch.compression === "none") return batch.inflate();
    const source = batch.bytes.subarray(COVERED_FROM);
    if (source.equals(this.#source)) return this.#block;
    const block = batch.inflate();
    if (block.length >= BLOCK_BYTES_MIN && block.length <= BLOCK_BYTES_MAX) {
      // A copy: the batch lies in memory of the log or of a body, which is used again.
      this.#source = Buffer.from(source);
      this.#block = block;
    }
    return block;
  }
}
