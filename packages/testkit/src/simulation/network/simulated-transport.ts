import { ZoologError } from "@zoolog/base";
import type { SimulatedProcess } from "../schedule/simulated-process.ts";
import type { Listeners, Transport, TransportRequest, TransportResponse } from "./listeners.ts";
import type { SimulatedNetwork } from "./simulated-network.ts";

/** One process's way to brokers: bytes over a `SimulatedNetwork` instead of HTTP over sockets. */
export class SimulatedTransport implements Transport {
  readonly #process: SimulatedProcess;
  readonly #network: SimulatedNetwork;
  readonly #listeners: Listeners;
  readonly #underWay = new Set<Exchange>();
  #isClosed = false;

  constructor(dependencies: {
    readonly process: SimulatedProcess;
    readonly network: SimulatedNetwork;
    readonly listeners: Listeners;
  }) {
    this.#process = dependencies.process;
    this.#network = dependencies.network;
    this.#listeners = dependencies.listeners;
  }

  post(request: TransportRequest): Promise<TransportResponse> {
    const { signal } = request;
    if (this.#isClosed) return Promise.reject(failure("CLOSED", "the transport is closed"));
    if (signal?.aborted === true) return Promise.reject(signal.reason);
    return new Promise((resolve, reject) => {
      // What a killed process still computes never leaves it.
      if (!this.#process.isAlive) return;
      const exchange = new Exchange(request, this.#process, {
        resolve,
        reject,
        ended: () => this.#underWay.delete(exchange),
      });
      this.#underWay.add(exchange);
      this.#send(exchange);
    });
  }

  close(): Promise<void> {
    this.#isClosed = true;
    for (const exchange of this.#underWay) {
      exchange.fail(failure("CLOSED", "the transport is closed"));
    }
    return Promise.resolve();
  }

  /** The process is dead, and its machine closes what it had open: others hear that it hung up. */
  hangUpAll(): void {
    for (const exchange of this.#underWay) exchange.hangUp();
    this.#underWay.clear();
  }

  #send(exchange: Exchange): void {
    const { request } = exchange;
    const caller = this.#process.name;
    const host = hostOf(request.endpoint);
    const { call, answered, givenUp } = kindsOf(request.path);
    const back = (kind: string, deliver: () => void): void => {
      this.#network.send(host, caller, kind, () => this.#process.receive(deliver));
    };
    const body = bytesOf(request.body);
    this.#network.send(caller, host, call, () => {
      const plane = this.#listeners.get(request.endpoint);
      if (plane === undefined) {
        const refused = failure("CONNECTION_REFUSED", `nobody listens at ${request.endpoint}`);
        back("refused", () => exchange.fail(refused));
        return;
      }
      const hangUp = plane.serve(
        { call, body, headers: request.headers ?? {}, remoteAddress: caller },
        {
          answer: (response) => back(answered, () => exchange.end(response)),
          reset: () => {
            const reset = failure("NETWORK_EXCEPTION", `${request.endpoint} broke the connection`);
            back("reset", () => exchange.fail(reset));
          },
        },
      );
      exchange.onGivenUp(() => this.#network.send(caller, host, givenUp, hangUp));
    });
  }
}

/** One request under way: settles once, whatever comes first. */
class Exchange {
  readonly request: TransportRequest;
  readonly #settle: {
    readonly resolve: (response: TransportResponse) => void;
    readonly reject: (reason: unknown) => void;
    readonly ended: () => void;
  };
  readonly #leave: () => void;
  #isSettled = false;
  #givenUp: (() => void) | undefined;

  constructor(
    request: TransportRequest,
    process: SimulatedProcess,
    settle: {
      readonly resolve: (response: TransportResponse) => void;
      readonly reject: (reason: unknown) => void;
      readonly ended: () => void;
    },
  ) {
    this.request = request;
    this.#settle = settle;
    const { endpoint, path, timeoutMs, answerBeginsMs = timeoutMs, signal } = request;
    // An answer comes whole: what has begun is there.
    const withinMs = Math.min(timeoutMs, answerBeginsMs);
    const timer = process.scheduler.after(withinMs, () => {
      this.fail(failure("REQUEST_TIMED_OUT", `${endpoint}${path}: no answer in ${withinMs} ms`));
    });
    const onAbort = (): void => this.fail(signal?.reason);
    signal?.addEventListener("abort", onAbort, { once: true });
    this.#leave = () => {
      timer.cancel();
      signal?.removeEventListener("abort", onAbort);
    };
  }

  /** What to do when the caller gives up before there is an answer; at once if it has. */
  onGivenUp(task: () => void): void {
    if (this.#isSettled) task();
    else this.#givenUp = task;
  }

  /** Nobody is there any more to hear how it ends. */
  hangUp(): void {
    if (this.#finish()) this.#givenUp?.();
  }

  end(response: TransportResponse): void {
    if (!this.#finish()) return;
    this.#settle.resolve(response);
  }

  fail(reason: unknown): void {
    if (!this.#finish()) return;
    this.#givenUp?.();
    this.#settle.reject(reason);
  }

  #finish(): boolean {
    if (this.#isSettled) return false;
    this.#isSettled = true;
    this.#leave();
    this.#settle.ended();
    return true;
  }
}

/**
 * What was sent stays as it was sent, whatever the caller does with its buffers: a single chunk is the
 * encoder's own, which nobody writes to any more; of several, some are the caller's.
 */
function bytesOf(chunks: readonly Uint8Array[]): Buffer {
  const [first] = chunks;
  return chunks.length === 1 && Buffer.isBuffer(first) ? first : Buffer.concat(chunks);
}

/** Kinds of the events of one call. */
type Kinds = { readonly call: string; readonly answered: string; readonly givenUp: string };

/**
 * Endpoints and paths are few and come many thousand times: the same texts again are looked up by
 * what the engine remembers of them, not letter by letter.
 */
const hosts = new Map<string, string>();
const kinds = new Map<string, Kinds>();

/** Of `http://host:port`. */
function hostOf(endpoint: string): string {
  let host = hosts.get(endpoint);
  if (host === undefined) {
    host = endpoint.slice(endpoint.indexOf("//") + 2, endpoint.lastIndexOf(":"));
    hosts.set(endpoint, host);
  }
  return host;
}

function kindsOf(path: string): Kinds {
  let known = kinds.get(path);
  if (known === undefined) {
    const call = path.slice(path.lastIndexOf("/") + 1);
    known = { call, answered: `${call} answered`, givenUp: `${call} given up` };
    kinds.set(path, known);
  }
  return known;
}

function failure(code: string, message: string): ZoologError {
  return new ZoologError({ code, message, retriable: true });
}
