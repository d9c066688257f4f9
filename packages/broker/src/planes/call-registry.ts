import { deferred, type Logger, type Scheduler, type ZoologError } from "@zoolog/base";
import type { Principal } from "../principal.ts";
import type { ByteBudget } from "./byte-budget.ts";
import { Call, type CallConnection, type CallOrigin } from "./call.ts";
import { brokerClosing, throttled } from "./errors.ts";

export type CallLimits = {
  /** Calls being worked on, those that wait included. */
  readonly inFlightCallsMax: number;
  /** Of them, those of one connection. */
  readonly pipelinedCallsMax: number;
};

/** Clients that fill theirs must not keep brokers from replicating, nor the other way round. */
export type CallBudgets = {
  readonly clients: ByteBudget;
  /** Of what clients hold, what large requests may. */
  readonly largeRequests: ByteBudget;
  readonly brokers: ByteBudget;
};

/**
 * The calls between their first header and the last byte of their answer: admits them within the
 * limits, gives back what they held, and ends them when the plane closes.
 */
export class CallRegistry {
  readonly #limits: CallLimits;
  readonly #budgets: CallBudgets;
  readonly #calls = new Set<Call>();
  readonly #perConnection = new WeakMap<CallConnection, Set<Call>>();
  #onIdle: (() => void) | undefined;
  #isClosing = false;

  constructor(limits: CallLimits, dependencies: { readonly budgets: CallBudgets }) {
    this.#limits = limits;
    this.#budgets = dependencies.budgets;
  }

  get size(): number {
    return this.#calls.size;
  }

  get isClosing(): boolean {
    return this.#isClosing;
  }

  /** Whether calls of the connection are in flight. */
  areIn(connection: CallConnection): boolean {
    return (this.#perConnection.get(connection)?.size ?? 0) > 0;
  }

  /** Why one more call must wait outside, or nothing. Brokers are few, and come in all the same. */
  fault(connection: CallConnection, principal: Principal): ZoologError | undefined {
    if (this.#isClosing) return brokerClosing();
    const isClient = principal.kind !== "broker";
    if (isClient && this.#calls.size >= this.#limits.inFlightCallsMax) {
      return throttled("too many calls are in flight");
    }
    return (this.#perConnection.get(connection)?.size ?? 0) >= this.#limits.pipelinedCallsMax
      ? throttled("too many calls are in flight on this connection")
      : undefined;
  }

  /** Counts the call in until its response or its connection closes; `onEnd` is called then. */
  begin(origin: CallOrigin, onEnd: () => void): Call {
    const { clients, largeRequests, brokers } = this.#budgets;
    const isBroker = origin.principal.kind === "broker";
    const budgets = isBroker ? { budget: brokers } : { budget: clients, largeRequests };
    const call = new Call(origin, { ...budgets, onEnd });
    const neighbours = this.#callsOn(origin.connection);
    this.#calls.add(call);
    neighbours.add(call);
    origin.onClosed(() => {
      neighbours.delete(call);
      this.#end(call);
    });
    return call;
  }

  /** Responses that wait behind others of a connection never close when it breaks; so it ends them. */
  #callsOn(connection: CallConnection): Set<Call> {
    const known = this.#perConnection.get(connection);
    if (known !== undefined) return known;
    const calls = new Set<Call>();
    this.#perConnection.set(connection, calls);
    connection.once("close", () => {
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

  /** Resolves when no call is left, or those that were are cut after the time. */
  async drain(
    { timeoutMs }: { readonly timeoutMs: number },
    { scheduler, logger }: { readonly scheduler: Scheduler; readonly logger: Logger },
  ): Promise<void> {
    if (this.#calls.size === 0) return;
    const idle = deferred<void>();
    this.#onIdle = () => idle.resolve();
    const timer = scheduler.after(timeoutMs, () => {
      logger.warn("calls cut at close", { calls: this.#calls.size });
      for (const call of this.#calls) call.abort(brokerClosing());
      idle.resolve();
    });
    await idle.promise;
    timer.cancel();
  }
}
