import { ZooKeeperError } from "../../errors.ts";

const LENGTH_BYTES = 4;

/** The shortest thing a server sends: a reply header (xid, zxid, error code). */
const FRAME_BYTES_MIN = 16;

/**
 * Cuts what a socket delivers into whole frames: a length of 4 bytes and as many bytes behind it.
 *
 * The library has its own cutting. It joins all chunks again for each new one, believes any length,
 * and keeps half a frame over a reconnect, where it swallows the next handshake. Here a frame is
 * joined once, the length is checked, and `reset` forgets the past.
 */
export class InboundFrames {
  readonly #frameBytesMax: number;
  #chunks: Buffer[] = [];
  #bytes = 0;

  constructor(options: { readonly frameBytesMax: number }) {
    this.#frameBytesMax = options.frameBytesMax;
  }

  /**
   * Takes a chunk, answers the frames it completes, each with its length in front.
   *
   * @throws ZooKeeperError `PROTOCOL_ERROR` for a length that no server sends.
   */
  push(chunk: Buffer): Buffer[] {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    const frames: Buffer[] = [];
    for (;;) {
      const length = this.#nextLength();
      if (length === undefined || this.#bytes < LENGTH_BYTES + length) return frames;
      frames.push(this.#take(LENGTH_BYTES + length));
    }
  }

  /** Forgets what was received of an unfinished frame. */
  reset(): void {
    this.#chunks = [];
    this.#bytes = 0;
  }

  #nextLength(): number | undefined {
    if (this.#bytes < LENGTH_BYTES) return undefined;
    const first = this.#chunks[0];
    if (first === undefined || first.length < LENGTH_BYTES) this.#join();
    const length = this.#chunks[0]?.readInt32BE(0) ?? 0;
    if (length < FRAME_BYTES_MIN || length > this.#frameBytesMax) {
      throw new ZooKeeperError({
        code: "PROTOCOL_ERROR",
        message: `a server sent a frame of ${length} bytes`,
        hint: "Check that the address is the client port of a ZooKeeper server, and that no folder has more names than fit into 8 MiB (docs/operating/sizing.md).",
      });
    }
    return length;
  }

  #take(bytes: number): Buffer {
    const first = this.#chunks[0];
    if (first === undefined || first.length < bytes) this.#join();
    const joined = this.#chunks[0] ?? Buffer.alloc(0);
    if (joined.length === bytes) this.#chunks.shift();
    else this.#chunks[0] = joined.subarray(bytes);
    this.#bytes -= bytes;
    return joined.subarray(0, bytes);
  }

  #join(): void {
    this.#chunks = [Buffer.concat(this.#chunks, this.#bytes)];
  }
}
