import type { Readable } from "node:stream";
import type { ZoologError } from "@zoolog/base";
import { bodyTooLarge, throttled } from "./errors.ts";

export type BodyLimits = {
  readonly bytesMax: number;
  /** From `content-length`; `undefined` for a chunked body. */
  readonly declaredBytes: number | undefined;
  /** Takes the bytes into the plane's budget, or answers false when there is no room. */
  readonly reserve: (bytes: number) => boolean;
};

/**
 * Reads a body into one buffer of its own. Batches are views of it from then on, up to the log's
 * tail cache, so it is never part of a shared pool that would outlive it.
 *
 * Only bytes that have arrived count against the budget: announcing a large body costs us nothing.
 * Rejects with `REQUEST_TOO_LARGE` or `THROTTLING_QUOTA_EXCEEDED`, before reading where the
 * announced length allows it, and with the stream's error when the sender breaks off.
 */
export function readBody(stream: Readable, limits: BodyLimits): Promise<Buffer> {
  const { bytesMax, declaredBytes } = limits;
  if (declaredBytes !== undefined && declaredBytes > bytesMax) {
    return Promise.reject(bodyTooLarge(bytesMax));
  }
  return new Promise((resolve, reject) => {
    const body = new BodyBuffer(declaredBytes);
    const refuse = (error: ZoologError): void => {
      // What still comes is thrown away until the refusal is sent and the connection closed.
      stream.off("data", onData).off("end", onEnd).resume();
      reject(error);
    };
    const onData = (chunk: Buffer): void => {
      if (body.length + chunk.length > bytesMax) refuse(bodyTooLarge(bytesMax));
      else if (!limits.reserve(chunk.length)) refuse(throttled("too many bytes are in flight"));
      else body.append(chunk);
    };
    // After its end or an error a stream says nothing more: no listener need be taken off.
    const onEnd = (): void => resolve(body.finish());
    stream.on("data", onData).on("end", onEnd).on("error", reject);
  });
}

/**
 * Copies chunks to their place as they come, so that the socket's read buffers are free again at
 * once. Pages of an announced body take memory only when they are written.
 */
class BodyBuffer {
  #buffer: Buffer | undefined;
  readonly #chunks: Buffer[] = [];
  #length = 0;

  constructor(declaredBytes: number | undefined) {
    if (declaredBytes !== undefined) this.#buffer = Buffer.allocUnsafeSlow(declaredBytes);
  }

  get length(): number {
    return this.#length;
  }

  append(chunk: Buffer): void {
    if (this.#buffer === undefined) this.#chunks.push(chunk);
    else chunk.copy(this.#buffer, this.#length);
    this.#length += chunk.length;
  }

  finish(): Buffer {
    if (this.#buffer === undefined) return Buffer.concat(this.#chunks, this.#length);
    // Node ends a body at its declared length; a shorter one reaches us as an error.
    return this.#length === this.#buffer.length
      ? this.#buffer
      : this.#buffer.subarray(0, this.#length);
  }
}
