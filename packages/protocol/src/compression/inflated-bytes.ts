import { inflatedTooLarge } from "./limits.ts";

export type InflatedBytesOptions = {
  readonly codec: string;
  /** No buffer larger than this is allocated for the output. */
  readonly maxBytes: number;
};

/** Most batches inflate to less; larger ones get memory of their own. */
const SCRATCH_BYTES = 256 * 1024;

/**
 * Where small blocks are inflated before they are copied to a buffer of their size: without it each
 * would leave a buffer of its block's greatest size behind. Decoders are synchronous, so only one
 * uses it at a time, and nothing keeps a view over it.
 */
let scratch: Buffer | undefined;

/**
 * Output of a decoder that does not know its size: one buffer that doubles up to a limit. Matches
 * copy from earlier output, so it has to be in one piece.
 */
export class InflatedBytes {
  readonly #codec: string;
  readonly #maxBytes: number;
  #bytes: Buffer;
  /** Where the next byte goes; decoders move it themselves. */
  position = 0;

  constructor(options: InflatedBytesOptions) {
    this.#codec = options.codec;
    this.#maxBytes = options.maxBytes;
    scratch ??= Buffer.allocUnsafeSlow(SCRATCH_BYTES);
    this.#bytes = scratch;
  }

  /** The buffer as it is now: `reserve` replaces it. */
  get bytes(): Buffer {
    return this.#bytes;
  }

  /**
   * Makes room for `bytes` more, or for what is left below the limit if that is less.
   *
   * @returns where the room ends.
   */
  reserve(bytes: number): number {
    const end = Math.min(this.position + bytes, this.#maxBytes);
    if (end > this.#bytes.length) {
      const doubled = Math.min(this.#bytes.length * 2, this.#maxBytes);
      const larger = Buffer.allocUnsafeSlow(Math.max(end, doubled));
      larger.set(this.#bytes.subarray(0, this.position));
      this.#bytes = larger;
    }
    return end;
  }

  /**
   * For output whose size is known before it is written.
   *
   * @throws ZoologError MESSAGE_TOO_LARGE when it passes the limit.
   */
  reserveAll(bytes: number): void {
    if (this.reserve(bytes) < this.position + bytes) throw this.tooLarge();
  }

  /**
   * Refuses a size that the input claims, before any of it is made.
   *
   * @throws ZoologError MESSAGE_TOO_LARGE when it passes the limit.
   */
  checkRoom(bytes: number): void {
    if (bytes > this.#maxBytes - this.position) throw this.tooLarge();
  }

  tooLarge(): Error {
    return inflatedTooLarge(this.#codec, this.#maxBytes);
  }

  /** The output; copied where it would keep a much larger buffer, or everybody's, alive. */
  finish(): Buffer {
    const used = this.#bytes.subarray(0, this.position);
    const isLoose = this.#bytes === scratch || this.position * 2 < this.#bytes.length;
    return isLoose ? Buffer.from(used) : used;
  }
}
