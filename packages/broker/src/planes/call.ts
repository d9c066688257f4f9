import { type AbortSignalLike, assert, CallAbort } from "@zoolog/base";
import type { CallContext } from "../broker-api.ts";
import type { Principal } from "../principal.ts";
import type { ByteBudget, ShareAsked } from "./byte-budget.ts";
import { callerGone } from "./errors.ts";
import { SMALL_REQUEST_BYTES_MAX } from "./large-requests.ts";

/** What brings calls, one after the other or several at a time: a socket. */
export interface CallConnection {
  once(event: "close", listener: () => void): unknown;
}

export type CallOrigin = {
  /** Limit of the route for the body. */
  readonly bodyBytesMax: number;
  readonly connection: CallConnection;
  /** Calls the listener when the answer is written, or nobody waits for it any more. */
  readonly onClosed: (listener: () => void) => void;
  readonly clientId: string;
  readonly remoteAddress: string;
  readonly principal: Principal;
};

/** One for all: every long poll ends with it, and where an error was made is dear to find out. */
const CALLER_GONE = callerGone();

/** One call, as the component sees it, with what the plane must give back at its end. */
export class Call implements CallContext {
  readonly clientId: string;
  readonly remoteAddress: string;
  readonly principal: Principal;
  readonly bodyBytesMax: number;
  readonly #budget: ByteBudget;
  readonly #largeRequests: ByteBudget | undefined;
  readonly #onEnd: () => void;
  #reservedBytes = 0;
  #bodyBytes = 0;
  /** Of the body, what counts among large requests. */
  #largeBytes = 0;
  #abort: CallAbort | undefined;
  #abortReason: unknown;
  #hasEnded = false;
  /** Tasks that may still read the body or fill the answer. */
  #tasks = 0;
  readonly #atEnd: (() => void)[] = [];
  readonly #atUnused: (() => void)[] = [];
  /** A long poll or a stream: cutting it short costs nobody anything. */
  isWaiting = false;
  /** As it came, while records may be views of it. */
  body: Buffer | undefined;

  constructor(
    origin: CallOrigin,
    dependencies: {
      readonly budget: ByteBudget;
      /** Without it large bodies count among all bytes alone. */
      readonly largeRequests?: ByteBudget;
      readonly onEnd: () => void;
    },
  ) {
    this.clientId = origin.clientId;
    this.remoteAddress = origin.remoteAddress;
    this.principal = origin.principal;
    this.bodyBytesMax = origin.bodyBytesMax;
    this.#budget = dependencies.budget;
    this.#largeRequests = dependencies.largeRequests;
    this.#onEnd = dependencies.onEnd;
  }

  /** Made when somebody asks: most calls end before anybody could lose interest in them. */
  get signal(): AbortSignalLike {
    if (this.#abort === undefined) {
      this.#abort = new CallAbort();
      if (this.#abortReason !== undefined) this.#abort.abort(this.#abortReason);
      else if (this.#hasEnded) this.#abort.abort(CALLER_GONE);
    }
    return this.#abort.signal;
  }

  /** Bytes of the body, as they come: those of a large one need room among large requests, too. */
  tryReserveBody(bytes: number): boolean {
    if (this.#hasEnded) return false;
    const bodyBytes = this.#bodyBytes + bytes;
    const newlyLarge = bodyBytes > SMALL_REQUEST_BYTES_MAX ? bodyBytes - this.#largeBytes : 0;
    if (this.#largeRequests?.tryReserve(newlyLarge) === false) return false;
    this.#largeBytes += newlyLarge;
    this.#bodyBytes = bodyBytes;
    return this.tryReserve(bytes);
  }

  /** What the request takes beside its body, or as it was decoded. */
  tryReserve(bytes: number): boolean {
    return !this.#hasEnded && this.#holds(bytes, this.#budget.tryReserve(bytes));
  }

  /** Bytes that are reserved for it already: from now on the call gives them back. */
  adopt(bytes: number): void {
    assert(!this.#hasEnded, "a call that has ended would never give them back");
    this.#reservedBytes += bytes;
  }

  /** Bytes of the answer, until its reader has taken them. */
  tryAdd(bytes: number): boolean {
    // Nobody waits for it any more: let it go where answers without readers go.
    return this.#hasEnded || this.#holds(bytes, this.#budget.tryAdd(bytes));
  }

  /** A part of what is free, for bytes to be read. */
  tryShare(asked: ShareAsked): number | undefined {
    // Nobody waits for the answer any more: nothing need be read.
    if (this.#hasEnded) return 0;
    const bytes = this.#budget.tryShare(asked);
    this.#reservedBytes += bytes ?? 0;
    return bytes;
  }

  /** The same when its turn comes. @returns gives up the turn. */
  waitForShare(asked: ShareAsked, granted: (bytes: number) => void): () => void {
    return this.#budget.waitForShare(asked, (bytes) => {
      this.#reservedBytes += bytes;
      granted(bytes);
    });
  }

  /**
   * What the task works on stays charged until it has settled, also behind the end: a caller who
   * hangs up frees nothing that is still waiting to be appended or being read.
   */
  async holdWhile<T>(task: Promise<T>): Promise<T> {
    this.#tasks += 1;
    try {
      return await task;
    } finally {
      this.#tasks -= 1;
      this.#releaseUnused();
    }
  }

  /** Gives back a part before the end: what its reader has taken, or what was turned into less. */
  release(bytes: number): void {
    assert(this.#hasEnded || bytes <= this.#reservedBytes, "what is released was held");
    // The end may have given back everything, and what came later was not held.
    const held = Math.min(bytes, this.#reservedBytes);
    this.#reservedBytes -= held;
    this.#budget.release(held);
  }

  #holds(bytes: number, isReserved: boolean): boolean {
    if (isReserved) this.#reservedBytes += bytes;
    return isReserved;
  }

  abort(reason: unknown): void {
    this.#abortReason ??= reason;
    this.#abort?.abort(reason);
  }

  end(): void {
    this.#hasEnded = true;
    this.#releaseUnused();
    // Tells a component that still works for a caller who has hung up.
    if (this.#abortReason === undefined) this.#abort?.abort(CALLER_GONE);
    this.#onEnd();
    for (const task of this.#atEnd) task();
  }

  /** Does it at the end of the call, which may have been already. */
  atEnd(task: () => void): void {
    if (this.#hasEnded) task();
    else this.#atEnd.push(task);
  }

  /** Does it when the call has ended and nobody works on its body or its answer any more. */
  whenUnused(task: () => void): void {
    this.#atUnused.push(task);
    this.#releaseUnused();
  }

  #releaseUnused(): void {
    if (!this.#hasEnded || this.#tasks > 0) return;
    this.#budget.release(this.#reservedBytes);
    this.#reservedBytes = 0;
    this.#largeRequests?.release(this.#largeBytes);
    this.#largeBytes = 0;
    for (const task of this.#atUnused.splice(0)) task();
  }
}
