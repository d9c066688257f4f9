import type { AbortSignalLike, Clock, Scheduler, ZoologError } from "@zoolog/base";
import type { CallContext } from "../broker-api.ts";
import { AnswerMemory, answerBytesMax } from "../planes/answer-memory.ts";
import type { Call } from "../planes/call.ts";
import type { CallRegistry } from "../planes/call-registry.ts";
import type { RareWarnings } from "../planes/rare-warnings.ts";
import type { Principal } from "../principal.ts";
import type { CatchUpWaits } from "./catch-up-waits.ts";

/** What a handler knows of a request besides its message. */
export interface RequestContext extends CallContext {
  /** Name of the listener that the client came in by: it is told the addresses of this one. */
  readonly listener: string;
  /** Of the request, and so of the answer. */
  readonly apiVersion: number;
  /**
   * For what is read into the answer: charged before it is read, and until the client has taken it.
   *
   * @param options `maxWaitMs`: how long the client would wait, for room as well.
   */
  answerMemory(options: { readonly maxWaitMs: number }): AnswerMemory;
  /** Of the client's connection. */
  readonly catchUpWaits: CatchUpWaits;
  /** Longest that an answer of records may be; its first batch comes even when it is longer. */
  readonly answerBytesMax: number;
  /** From now on the request only waits for news: a broker that shuts down does not wait for it. */
  markWaiting(): void;
  /** For the people who run the broker: one line in a while, whoever asks how often. */
  warn(what: string, fault: ZoologError): void;
}

type Parts = {
  readonly calls: CallRegistry;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly limits: { readonly roomWaitMs: number };
  readonly budget: { readonly bytesMax: number };
  readonly warnings: Pick<RareWarnings, "warn">;
};

export class KafkaRequestContext implements RequestContext {
  readonly clientId: string;
  readonly remoteAddress: string;
  readonly principal: Principal;
  readonly listener: string;
  readonly apiVersion: number;
  readonly catchUpWaits: CatchUpWaits;
  readonly #call: Call;
  readonly #parts: Parts;
  #memory: AnswerMemory | undefined;

  constructor(
    request: {
      readonly call: Call;
      readonly listener: string;
      readonly apiVersion: number;
      readonly catchUpWaits: CatchUpWaits;
    },
    parts: Parts,
  ) {
    this.#call = request.call;
    this.#parts = parts;
    this.clientId = request.call.clientId;
    this.remoteAddress = request.call.remoteAddress;
    this.principal = request.call.principal;
    this.listener = request.listener;
    this.apiVersion = request.apiVersion;
    this.catchUpWaits = request.catchUpWaits;
  }

  /** Made when somebody asks. */
  get signal(): AbortSignalLike {
    return this.#call.signal;
  }

  get answerBytesMax(): number {
    return answerBytesMax(this.#parts.budget.bytesMax);
  }

  holdWhile<T>(task: Promise<T>): Promise<T> {
    return this.#call.holdWhile(task);
  }

  answerMemory({ maxWaitMs }: { readonly maxWaitMs: number }): AnswerMemory {
    const bytesMax = this.answerBytesMax;
    // A connection ends its calls when the kernel has their answers, or it is closed.
    const answer = { call: this.#call, bytesMax, maxWaitMs, isSeenOut: true };
    this.#memory ??= new AnswerMemory(answer, this.#parts);
    return this.#memory;
  }

  markWaiting(): void {
    this.#parts.calls.markWaiting(this.#call);
  }

  warn(what: string, fault: ZoologError): void {
    const { listener, remoteAddress, clientId } = this;
    this.#parts.warnings.warn(what, fault, { listener, remoteAddress, clientId });
  }
}
