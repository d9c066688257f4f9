import type { AbortSignalLike } from "@zoolog/base";
import type { ReadLease } from "@zoolog/log";

/** Whoever reads reserves first, and gives back what it has not used or drops. */
export interface ReadMemory {
  /**
   * Waits until there is room, and answers for how many bytes; for 0 when nobody wants the answer any
   * more. Rejects when there is none in time.
   */
  reserve(asked: { readonly bytesMin: number; readonly bytesMax: number }): Promise<number>;
  release(bytes: number): void;
  /** Given back when the answer has gone; absent where nobody knows when that is. */
  readonly lease?: ReadLease | undefined;
}

export type AnswerRoomOptions = {
  readonly maxBytes: number;
  readonly minBytes: number;
  /** What the request could be answered at most. */
  readonly wantedBytes: number;
  /** Without it, all of `maxBytes` is there. */
  readonly memory?: ReadMemory | undefined;
  readonly signal?: AbortSignalLike | undefined;
};

export type AnswerSize = {
  readonly sizeInBytes: number;
  /** Reserved for them: fewer where the first batch is larger than it should be. */
  readonly reservedBytes: number;
  readonly isFull: boolean;
};

/** The bytes that one answer may still have, reserved as soon as there is something to read. */
export class AnswerRoom {
  readonly #request: AnswerRoomOptions;
  #reservedBytes = 0;
  #bytesMax: number;
  #sizeInBytes = 0;

  constructor(request: AnswerRoomOptions) {
    this.#request = request;
    this.#bytesMax = request.memory === undefined ? request.maxBytes : 0;
  }

  /** Nothing has been read: the first batch comes whatever its size. */
  get isUnused(): boolean {
    return this.#sizeInBytes === 0;
  }

  get bytesLeft(): number {
    // The rest for somebody who has hung up would be read for nobody.
    if (!this.isUnused && this.#request.signal?.aborted === true) return 0;
    return this.#bytesMax - this.#sizeInBytes;
  }

  /** @param batchBytesMax of the partition that is read next; its batch may be the first. */
  async reserve(batchBytesMax: number): Promise<void> {
    const { memory, maxBytes, wantedBytes } = this.#request;
    if (memory === undefined || !this.isUnused) return;
    if (this.#reservedBytes > 0 && this.#reservedBytes >= batchBytesMax) return;
    memory.release(this.#reservedBytes);
    this.#reservedBytes = 0;
    const bytesMax = Math.max(wantedBytes, batchBytesMax);
    this.#reservedBytes = await memory.reserve({ bytesMin: batchBytesMax, bytesMax });
    this.#bytesMax = Math.min(maxBytes, this.#reservedBytes);
  }

  take(bytes: number): void {
    this.#sizeInBytes += bytes;
  }

  /** Gives back what was not needed. */
  close(): AnswerSize {
    const sizeInBytes = this.#sizeInBytes;
    const reservedBytes = Math.min(this.#reservedBytes, sizeInBytes);
    const { memory, minBytes } = this.#request;
    // Where memory is short, what half fills it is an answer: more would never fit.
    const enoughBytes = Math.min(minBytes, this.#request.wantedBytes);
    const isShort = memory !== undefined && this.#reservedBytes < enoughBytes;
    const isFull = isShort && sizeInBytes > this.#reservedBytes / 2;
    memory?.release(this.#reservedBytes - reservedBytes);
    return { sizeInBytes, reservedBytes, isFull };
  }
}
