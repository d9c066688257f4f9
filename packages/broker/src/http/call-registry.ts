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
  readonly #perSocket = new WeakMap<Socket, number>();
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
    return (this.#perSocket.get(socket) ?? 0) >= this.#limits.pipelinedCallsMax
      ? throttled("too many calls are in flight on this connection")
      : undefined;
  }

  /** Counts the call in until its response closes. */
  begin(origin: CallOrigin): Call {
    const { socket, response } = origin;
    const call = new Call(origin, this.#budget);
    this.#calls.add(call);
    this.#perSocket.set(socket, (this.#perSocket.get(socket) ?? 0) + 1);
    response.once("close", () => {
      this.#calls.delete(call);
      this.#perSocket.set(socket, (this.#perSocket.get(socket) ?? 1) - 1);
      call.end();
      if (this.#calls.size === 0) this.#onIdle?.();
    });
    return call;
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
  #reservedBytes = 0;
  #controller: AbortController | undefined;
  #abortReason: unknown;
  #hasEnded = false;
  /** A long poll or a stream: cutting it short costs nobody anything. */
  isWaiting = false;

  constructor(origin: CallOrigin, budget: ByteBudget) {
    this.clientId = origin.clientId;
    this.remoteAddress = origin.remoteAddress;
    this.#budget = budget;
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
  }
}
