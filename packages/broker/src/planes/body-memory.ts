/** Smaller bodies come in one chunk, or are joined for less than it costs to look for memory. */
const CLASS_BYTES_MIN = 128 * 1024;
/** Larger bodies are rare: their memory is made for each. */
const CLASS_BYTES_MAX = 16 * 1024 * 1024;
/** Enough for the bodies that one core reads at a time. */
const KEPT_BYTES_MAX = 32 * 1024 * 1024;

/**
 * Memory of large bodies that is used again, in sizes of powers of two. Fresh memory costs page
 * faults, and what outlives a collection of young objects makes the collector walk the whole heap: a
 * broker at full speed would do so a dozen times a second.
 */
export class BodyMemory {
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

  /** Only when nothing refers to the body any more: the next one overwrites it. */
  giveBack(body: Buffer): void {
    if (!this.#lent.delete(body.buffer)) return;
    const size = body.buffer.byteLength;
    if (this.#keptBytes + size > KEPT_BYTES_MAX) return;
    const memory = Buffer.from(body.buffer);
    const kept = this.#kept.get(size);
    if (kept === undefined) this.#kept.set(size, [memory]);
    else kept.push(memory);
    this.#keptBytes += size;
  }
}

function classOf(bytes: number): number {
  return 2 ** Math.ceil(Math.log2(bytes));
}
