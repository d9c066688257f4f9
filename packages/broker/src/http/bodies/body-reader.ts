import type { Readable } from "node:stream";
import type { ZoologError } from "@zoolog/base";
import type { BodyMemory } from "../../planes/body-memory.ts";
import { throttled } from "../../planes/errors.ts";
import { bodyTooLarge } from "../errors.ts";

export type BodyLimits = {
  readonly bytesMax: number;
  /** From `content-length`; `undefined` for a chunked body. */
  readonly declaredBytes: number | undefined;
  /** Takes the bytes into the plane's budget, or answers false when there is no room. */
  readonly reserve: (bytes: number) => boolean;
};

/**
 * Reads a body into one buffer of its own, of `memory` when it is large. Records are views of it
 * from then on, until they are in the log.
 *
 * Only bytes that have arrived count against the budget: announcing a large body costs us nothing.
 * Rejects with `REQUEST_TOO_LARGE` or `THROTTLING_QUOTA_EXCEEDED`, before reading where the
 * announced length allows it, and with the stream's error when the sender breaks off.
 */
export function readBody(
  stream: Readable,
  limits: BodyLimits,
  memory: BodyMemory,
): Promise<Buffer> {
  const { bytesMax, declaredBytes } = limits;
  if (declaredBytes !== undefined && declaredBytes > bytesMax) {
    return Promise.reject(bodyTooLarge(bytesMax));
  }
  return new Promise((resolve, reject) => {
    const body = new BodyBuffer(declaredBytes, memory);
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
 * Most bodies come in one chunk, which is then the body. Others are copied together as they come, so
 * that no more than one chunk is held twice. Pages of an announced body take memory only when they
 * are written.
 */
class BodyBuffer {
  readonly #declaredBytes: number | undefined;
  readonly #memory: BodyMemory;
  readonly #chunks: Buffer[] = [];
  #joined: Buffer | undefined;
  #length = 0;

  constructor(declaredBytes: number | undefined, memory: BodyMemory) {
    this.#declaredBytes = declaredBytes;
    this.#memory = memory;
  }

  get length(): number {
    return this.#length;
  }

  append(chunk: Buffer): void {
    if (this.#joined === undefined && this.#length > 0 && this.#declaredBytes !== undefined) {
      this.#joined = this.#memory.take(this.#declaredBytes);
      for (const first of this.#chunks.splice(0)) first.copy(this.#joined);
    }
    if (this.#joined === undefined) this.#chunks.push(chunk);
    else chunk.copy(this.#joined, this.#length);
    this.#length += chunk.length;
  }

  finish(): Buffer {
    // Node ends a body at its declared length; a shorter one reaches us as an error.
    if (this.#joined !== undefined) return this.#joined.subarray(0, this.#length);
    const [only] = this.#chunks;
    if (only !== undefined && this.#chunks.length === 1 && ownsItsMemory(only)) return only;
    const joined = this.#memory.take(this.#length);
    let at = 0;
    for (const chunk of this.#chunks) at += chunk.copy(joined, at);
    return joined.subarray(0, at);
  }
}

/** Node's parser hands out private copies; what it shared would be pinned, or change, under us. */
function ownsItsMemory(chunk: Buffer): boolean {
  return chunk.buffer.byteLength === chunk.length;
}
