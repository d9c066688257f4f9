import type { LargeBuffers } from "@zoolog/protocol";

/**
 * What the batches of one answer were read into. Whoever reads with a lease gives it back when nothing
 * refers to the batches any more: then the memory is used for other reads. Who cannot tell when that is
 * reads without one.
 */
export class ReadLease {
  readonly #held: { readonly buffer: Buffer; readonly of: LargeBuffers }[] = [];

  /** Bytes that were read into memory of `of`. */
  hold(buffer: Buffer, of: LargeBuffers): void {
    this.#held.push({ buffer, of });
  }

  /** The batches that were read so far are lost with it; it may be read with again. */
  giveBack(): void {
    for (const { buffer, of } of this.#held.splice(0)) of.giveBack(buffer);
  }
}
