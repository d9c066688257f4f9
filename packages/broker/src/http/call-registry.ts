import type { ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { ZoologError } from "@zoolog/base";
import type { CallContext } from "../broker-api.ts";
import type { ByteBudget } from "./byte-budget.ts";
import { brokerClosing, throttled } from "./errors.ts";
import type { HttpLimits } from "./http-limits.ts";

export type CallOrigin = {
  readonly response: ServerResponse;
  readonly socket: Socket;
  readonly clientId: string;
  readonly remoteAddress: string;
};

/**
 * The calls between their first header and the last byte of their answer: admits them within the
 * limits, gives back what they held, and ends them when the plane closes.
 */
export class CallRegistry {
  readonly #limits: Pick<HttpLimits, "inFlightCallsMax" | "pipelinedCallsMax">;
  readonly #budget: ByteBudget;
  readonly #calls = new Set<Call>();
  readonly #perSocket = new WeakMap<Socket, Set<Call>>();
  #onIdle: (() => void) | undefined;
  #isClosing = false;

  constructor(
    limits: Pick<HttpLimits, "inFlightCallsMax" | "pipelinedCallsMax">,
    dependencies: { readonly budget: ByteBudget },
  ) {
    this.#limits = limits;
    this.#budget = dependencies.budget;
  }

  get size(): number {
    return this.#calls.size;
  }

  get isClosing(): boolean {
    return this.#isClosing;
  }

  /** Why one more call must wait outside, or nothing. */
  fault(socket: Socket): ZoologError | undefined {
    if (this.#isClosing) return brokerClosing();
    if (this.#calls.size >= this.#limits.inFlightCallsMax) {
      return throttled("too many calls are in flight");
    }
    return (this.#perSocket.get(socket)?.size ?? 0) >= this.#limits.pipelinedCallsMax
      ? throttled("too many calls are in flight on this connection")
      : undefined;
  }

  /** Counts the call in until its response or its connection closes; `onEnd` is called then. */
  begin(origin: CallOrigin, onEnd: () => void): Call {
    const call = new Call(origin, { budget: this.#budget, onEnd });
    const neighbours = this.#callsOn(origin.socket);
    this.#calls.add(call);
    neighbours.add(call);
    origin.response.once("close", () => {
      neighbours.delete(call);
      this.#end(call);
    });
    return call;
  }

  /** Responses that wait behind others of a connection never close when it breaks; so it ends them. */
  #callsOn(socket: Socket): Set<Call> {
    const known = this.#perSocket.get(socket);
    if (known !== undefined) return known;
    const calls = new Set<Call>();
    this.#perSocket.set(socket, calls);
    socket.once("close", () => {
      for (const call of calls) this.#end(call);
    });
    return calls;
  }

  #end(call: Call): void {
    if (!this.#calls.delete(call)) return;
    call.end();
    if (this.#calls.size === 0) this.#onIdle?.();
  }

  /** Admits nothing more and releases the calls that only wait for news. */
  beginClosing(): void {
    this.#isClosing = true;
    for (const call of this.#calls) if (call.isWaiting) call.abort(brokerClosing());
  }

  /** The call only waits for news from now on; a closing plane releases it. */
  markWaiting(call: Call): void {
    call.isWaiting = true;
    if (this.#isClosing) call.abort(brokerClosing());
  }

  abortAll(): void {
    for (const call of this.#calls) call.abort(brokerClosing());
  }

  /** Resolves when no call is left. */
  idle(): Promise<void> {
    if (this.#calls.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#onIdle = resolve;
    });
  }
}

/** One call, as the component sees it, with what the plane must give back at its end. */
export class Call implements CallContext {
  readonly clientId: string;
  readonly remoteAddress: string;
  readonly #budget: ByteBudget;
  readonly #onEnd: () => void;
  #reservedBytes = 0;
  #controller: AbortController | undefined;
  #abortReason: unknown;
  #hasEnded = false;
  /** A long poll or a stream: cutting it short costs nobody anything. */
  isWaiting = false;

  constructor(
    origin: CallOrigin,
    dependencies: { readonly budget: ByteBudget; readonly onEnd: () => void },
  ) {
    this.clientId = origin.clientId;
    this.remoteAddress = origin.remoteAddress;
    this.#budget = dependencies.budget;
    this.#onEnd = dependencies.onEnd;
  }

  /** Made when somebody asks: most calls end before anybody could lose interest in them. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#abortReason !== undefined) this.#controller.abort(this.#abortReason);
      else if (this.#hasEnded) this.#controller.abort();
    }
    return this.#controller.signal;
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  get reservedBytes(): number {
    return this.#reservedBytes;
  }

  tryReserve(bytes: number): boolean {
    if (this.#hasEnded || !this.#budget.tryReserve(bytes)) return false;
    this.#reservedBytes += bytes;
    return true;
  }

  releaseBytes(bytes: number): void {
    this.#reservedBytes -= bytes;
    this.#budget.release(bytes);
  }

  abort(reason: unknown): void {
    this.#abortReason ??= reason;
    this.#controller?.abort(reason);
  }

  end(): void {
    this.#hasEnded = true;
    this.#budget.release(this.#reservedBytes);
    this.#reservedBytes = 0;
    // Tells a component that still works for a caller who has hung up.
    if (this.#abortReason === undefined) this.#controller?.abort();
    this.#onEnd();
  }
}
