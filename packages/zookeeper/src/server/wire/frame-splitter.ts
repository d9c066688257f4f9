/** What is next in a client's stream. */
export type NextFrame = Buffer | "incomplete" | "invalid";

const LENGTH_BYTES = 4;

/**
 * Cuts a stream into frames: a 32-bit length, then so many bytes. Memory is taken as bytes arrive,
 * never on the word of a length.
 */
export class FrameSplitter {
  #chunks: Buffer[] = [];
  #bytes = 0;

  push(chunk: Uint8Array): void {
    this.#chunks.push(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length));
    this.#bytes += chunk.length;
  }

  /** The first four bytes, which are left where they are. */
  peekWord(): Buffer | undefined {
    return this.#bytes < LENGTH_BYTES ? undefined : this.#peek(LENGTH_BYTES);
  }

  /** `"invalid"` for a length below 0 or above `bytesMax`: there is no going on after it. */
  next(bytesMax: number): NextFrame {
    const length = this.peekWord()?.readInt32BE(0);
    if (length === undefined) return "incomplete";
    if (length < 0 || length > bytesMax) return "invalid";
    if (this.#bytes < LENGTH_BYTES + length) return "incomplete";
    const frame = this.#peek(LENGTH_BYTES + length).subarray(LENGTH_BYTES);
    this.#drop(LENGTH_BYTES + length);
    return frame;
  }

  /** The first bytes in one piece. The chunks they lie in are joined when they are several. */
  #peek(length: number): Buffer {
    const [first] = this.#chunks;
    if (first !== undefined && first.length >= length) return first.subarray(0, length);
    const joined = Buffer.concat(this.#chunks);
    this.#chunks = [joined];
    return joined.subarray(0, length);
  }

  #drop(length: number): void {
    this.#bytes -= length;
    const [first, ...others] = this.#chunks;
    if (first === undefined) return;
    this.#chunks = length === first.length ? others : [first.subarray(length), ...others];
  }
}
