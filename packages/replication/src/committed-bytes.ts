import type { Offset } from "@zoolog/base";

/**
 * Counts the bytes that the high watermark passes, without looking into the log: appends are
 * remembered until they are committed. With one replica that is at once.
 */
export class CommittedBytes {
  #total = 0;
  #uncommitted: { readonly endOffset: Offset; readonly sizeInBytes: number }[] = [];

  /** Never goes back. */
  get total(): number {
    return this.#total;
  }

  appended(endOffset: Offset, sizeInBytes: number): void {
    this.#uncommitted.push({ endOffset, sizeInBytes });
  }

  /** Everything below `highWatermark` is committed. */
  committed(highWatermark: Offset): void {
    let passed = 0;
    for (const { endOffset, sizeInBytes } of this.#uncommitted) {
      if (endOffset > highWatermark) break;
      this.#total += sizeInBytes;
      passed += 1;
    }
    if (passed > 0) this.#uncommitted.splice(0, passed);
  }

  /** A new epoch: what was appended in the former one is the log's business now. */
  restart(): void {
    this.#uncommitted = [];
  }
}
