/**
 * Memory of batches that is used again. Fresh memory costs page faults and makes the garbage
 * collector run; a producer at full speed would take hundreds of megabytes of it per second.
 */
export class BufferPool {
  readonly #bufferBytes: number;
  readonly #keptMax: number;
  readonly #kept: Buffer[] = [];

  constructor(options: { readonly bufferBytes: number; readonly keptBytesMax: number }) {
    this.#bufferBytes = options.bufferBytes;
    this.#keptMax = Math.floor(options.keptBytesMax / options.bufferBytes);
  }

  take(): Buffer {
    return this.#kept.pop() ?? Buffer.allocUnsafeSlow(this.#bufferBytes);
  }

  /** Only what nothing refers to any more: the next batch overwrites it. */
  giveBack(buffer: Buffer): void {
    if (this.#kept.length < this.#keptMax) this.#kept.push(buffer);
  }
}
