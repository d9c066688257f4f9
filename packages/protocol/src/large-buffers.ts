/** Smaller ones are made for less than it costs to look for memory. */
const CLASS_BYTES_MIN = 128 * 1024;
/** Larger ones are rare: their memory is made for each. */
const CLASS_BYTES_MAX = 16 * 1024 * 1024;
/** Enough for what one core reads at a time. */
const KEPT_BYTES_MAX = 32 * 1024 * 1024;

/**
 * Memory of large buffers that is used again, in sizes of powers of two: of the bodies of requests, of
 * what is read from segments. Fresh memory costs page faults, and what outlives a collection of young
 * objects makes the collector walk the whole heap: a broker at full speed would do so a dozen times a
 * second.
 */
export class LargeBuffers {
  readonly #kept = new Map<number, Buffer[]>();
  /** What was taken and not given back: nothing else comes in. */
  readonly #lent = new WeakSet<ArrayBufferLike>();
  #keptBytes = 0;

  /** At least `bytes` of memory with any contents. */
  take(bytes: number): Buffer {
    if (bytes < CLASS_BYTES_MIN || bytes > CLASS_BYTES_MAX) return Buffer.allocUnsafeSlow(bytes);
    const size = classOf(bytes);
    const kept = this.#kept.get(size)?.pop();
    if (kept !== undefined) this.#keptBytes -= size;
    const memory = kept ?? Buffer.allocUnsafeSlow(size);
    this.#lent.add(memory.buffer);
    return memory;
  }

  /**
   * Only when nothing refers to the memory any more: who takes it next overwrites it. Who does not
   * know when that is gives nothing back, and the collector does.
   *
   * @param buffer what was taken, or a part of it. Anything else is left alone.
   */
  giveBack(buffer: Buffer): void {
    if (!this.#lent.delete(buffer.buffer)) return;
    const size = buffer.buffer.byteLength;
    if (this.#keptBytes + size > KEPT_BYTES_MAX) return;
    const memory = Buffer.from(buffer.buffer);
    const kept = this.#kept.get(size);
    if (kept === undefined) this.#kept.set(size, [memory]);
    else kept.push(memory);
    this.#keptBytes += size;
  }
}

function classOf(bytes: number): number {
  return 2 ** Math.ceil(Math.log2(bytes));
}
