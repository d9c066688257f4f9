import type { Readable } from "node:stream";
import type { ZoologError } from "@zoolog/base";
import type { LargeBuffers } from "@zoolog/protocol";
import { throttled } from "../../planes/errors.ts";
import { bodyTooLarge } from "../errors.ts";
import type { IncomingBodies, IncomingBody } from "./incoming-bodies.ts";

export type BodyLimits = {
  readonly bytesMax: number;
  /** From `content-length`; `undefined` for a chunked body. */
  readonly declaredBytes: number | undefined;
  /** Takes the bytes into the plane's budget, or answers false when there is no room. */
  readonly reserve: (bytes: number) => boolean;
  /** Where it is known while it comes; those of brokers are in nobody's way. */
  readonly incoming?: IncomingBodies | undefined;
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
  memory: LargeBuffers,
): Promise<Buffer> {
  const { bytesMax, declaredBytes, incoming } = limits;
  if (declaredBytes !== undefined && declaredBytes > bytesMax) {
    return Promise.reject(bodyTooLarge(bytesMax));
  }
  return new Promise((resolve, reject) => {
    const body = new BodyBuffer(declaredBytes, memory);
    let unfinished: IncomingBody | undefined;
    const settle = (): void => {
      if (unfinished !== undefined) incoming?.end(unfinished);
    };
    const refuse = (error: ZoologError): void => {
      settle();
      // What still comes is thrown away until the refusal is sent and the connection closed.
      stream.off("data", onData).off("end", onEnd).resume();
      reject(error);
    };
    const onData = (chunk: Buffer): void => {
      if (body.length + chunk.length > bytesMax) refuse(bodyTooLarge(bytesMax));
      else if (!limits.reserve(chunk.length)) {
        incoming?.makeRoom(declaredBytes ?? body.length + chunk.length);
        refuse(throttled("too many bytes are in flight"));
      } else {
        body.append(chunk);
        // Most come in one chunk.
        if (body.length !== declaredBytes)
          unfinished ??= incoming?.begin({ declaredBytes, cut: refuse });
        unfinished?.received(chunk.length);
      }
    };
    // After its end or an error a stream says nothing more: no listener need be taken off.
    const onEnd = (): void => {
      settle();
      resolve(body.finish());
    };
    const onError = (error: Error): void => {
      settle();
      reject(error);
    };
    stream.on("data", onData).on("end", onEnd).on("error", onError);
  });
}

/**
 * Most bodies come in one chunk, which is then the body. Others are copied together as they come: a
 * chunk is held as a buffer of its own, which nobody counts and which costs some 200 bytes, until the
 * next one comes and no longer, so that who sends bytes one by one makes us hold those bytes. Pages
 * that are not written yet take no memory.
 */
class BodyBuffer {
  readonly #declaredBytes: number | undefined;
  readonly #memory: LargeBuffers;
  #first: Buffer | undefined;
  #joined: Buffer | undefined;
  #length = 0;

  constructor(declaredBytes: number | undefined, memory: LargeBuffers) {
    this.#declaredBytes = declaredBytes;
    this.#memory = memory;
  }

  get length(): number {
    return this.#length;
  }

  append(chunk: Buffer): void {
    const length = this.#length + chunk.length;
    if (this.#length === 0) this.#first = chunk;
    else chunk.copy(this.#joinedWithRoomFor(length), this.#length);
    this.#length = length;
  }

  finish(): Buffer {
    // Node ends a body at its declared length; a shorter one reaches us as an error.
    if (this.#first !== undefined && ownsItsMemory(this.#first)) return this.#first;
    return this.#joinedWithRoomFor(this.#length).subarray(0, this.#length);
  }

  /** All that has come, in memory for so many bytes or more: what nobody announced may yet be long. */
  #joinedWithRoomFor(bytes: number): Buffer {
    const former = this.#joined;
    if (former !== undefined && former.length >= bytes) return former;
    const joined = this.#memory.take(this.#declaredBytes ?? (former ? 2 * bytes : bytes));
    (former ?? this.#first)?.copy(joined, 0, 0, this.#length);
    if (former !== undefined) this.#memory.giveBack(former);
    this.#first = undefined;
    this.#joined = joined;
    return joined;
  }
}

/** Node's parser hands out private copies; what it shared would be pinned, or change, under us. */
function ownsItsMemory(chunk: Buffer): boolean {
  return chunk.buffer.byteLength === chunk.length;
}
