import type { LargeBuffers } from "@zoolog/protocol";
import { FRAME_LENGTH_BYTES } from "@zoolog/protocol/kafka";

/** `"more"`: there is no whole frame yet. `{length}`: one that no client of Kafka would send. */
export type NextFrame = Buffer | "more" | { readonly length: number };

/**
 * A frame gets memory of its own when this part of it has come: who announces a large one and sends
 * little makes us hold little.
 */
const ARRIVED_PART = 4;

/** Frames up to this length are copied out of a chunk that they would keep from being freed. */
const COPIED_BYTES_MAX = 4 * 1024;

/**
 * Chunks are joined up to this length. Who sends bytes one by one costs us no buffer for each, which
 * nobody counts, and no list so long that taking its first element away moves megabytes.
 */
const JOINED_BYTES_MAX = 4 * 1024;

/**
 * Cuts what a connection sends into frames: 32 bits of length, then so many bytes. A frame that lies
 * in one chunk is a view of it. One of several chunks is copied once, into memory that is used again:
 * records are views of it until they are in the log.
 */
export class FrameReader {
  readonly #bytesMax: number;
  readonly #memory: LargeBuffers;
  /** Chunks of the frame that comes next and of those behind it, in order. */
  readonly #chunks: Buffer[] = [];
  /** In `#chunks`. */
  #unread = 0;
  /** Bytes of the next frame, once its length is known. */
  #length: number | undefined;
  /** What has come of a frame that is longer than a chunk. */
  #large: { readonly bytes: Buffer; filled: number } | undefined;

  constructor(
    options: { readonly frameBytesMax: number },
    dependencies: { readonly memory: LargeBuffers },
  ) {
    this.#bytesMax = options.frameBytesMax;
    this.#memory = dependencies.memory;
  }

  /** A frame has begun and not ended. */
  get isInFrame(): boolean {
    return this.#length !== undefined || this.#unread > 0;
  }

  /** Of the frame that is coming, as it announces itself, once that much of it is read. */
  get frameLength(): number | undefined {
    return this.#length;
  }

  push(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    this.#unread += chunk.length;
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length);
    const last = this.#chunks.at(-1);
    if (last === undefined || last.length + bytes.length > JOINED_BYTES_MAX)
      this.#chunks.push(bytes);
    else this.#chunks[this.#chunks.length - 1] = Buffer.concat([last, bytes]);
  }

  /** The next frame, without its length. There is no going on after a fault. */
  next(): NextFrame {
    this.#length ??= this.#readLength();
    const length = this.#length;
    if (length === undefined) return "more";
    if (length < 0 || length > this.#bytesMax) return { length };
    const frame = this.#large === undefined ? this.#small(length) : this.#fill(this.#large);
    if (frame !== undefined) this.#length = undefined;
    return frame ?? "more";
  }

  /** The first bytes that came, for as long as they are not part of a frame. */
  peek(length: number): Buffer | undefined {
    return this.#unread < length ? undefined : Buffer.concat(this.#chunks).subarray(0, length);
  }

  #readLength(): number | undefined {
    if (this.#unread < FRAME_LENGTH_BYTES) return undefined;
    const [first] = this.#chunks;
    if (first !== undefined && first.length >= FRAME_LENGTH_BYTES) {
      this.#drop(FRAME_LENGTH_BYTES);
      return first.readInt32BE(0);
    }
    const bytes = Buffer.allocUnsafe(FRAME_LENGTH_BYTES);
    this.#moveTo(bytes);
    return bytes.readInt32BE(0);
  }

  #small(length: number): Buffer | undefined {
    if (this.#unread >= length) return this.#take(length);
    if (this.#unread * ARRIVED_PART >= length) {
      this.#large = { bytes: this.#memory.take(length).subarray(0, length), filled: 0 };
      this.#fill(this.#large);
    }
    return undefined;
  }

  #fill(large: { readonly bytes: Buffer; filled: number }): Buffer | undefined {
    large.filled += this.#moveTo(large.bytes.subarray(large.filled));
    if (large.filled < large.bytes.length) return undefined;
    this.#large = undefined;
    return large.bytes;
  }

  /** All of it is there. */
  #take(length: number): Buffer {
    const [first] = this.#chunks;
    if (first !== undefined && first.length >= length) {
      const frame = first.subarray(0, length);
      this.#drop(length);
      const pinned = first.buffer.byteLength;
      return length <= COPIED_BYTES_MAX && pinned > 2 * length ? copyOf(frame) : frame;
    }
    const joined = this.#memory.take(length).subarray(0, length);
    this.#moveTo(joined);
    return joined;
  }

  /** @returns how many bytes there were, at most as many as fit. */
  #moveTo(target: Buffer): number {
    let moved = 0;
    for (let first = this.#chunks[0]; first !== undefined; first = this.#chunks[0]) {
      const bytes = Math.min(first.length, target.length - moved);
      if (bytes === 0) break;
      first.copy(target, moved, 0, bytes);
      moved += bytes;
      this.#drop(bytes);
    }
    return moved;
  }

  /** Of the first chunk. */
  #drop(bytes: number): void {
    this.#unread -= bytes;
    const [first] = this.#chunks;
    if (first === undefined) return;
    if (bytes === first.length) this.#chunks.shift();
    else this.#chunks[0] = first.subarray(bytes);
  }
}

/** Not from Node's pool, which one frame would pin for others. */
function copyOf(bytes: Buffer): Buffer {
  const copy = Buffer.allocUnsafeSlow(bytes.length);
  bytes.copy(copy);
  return copy;
}
