import {
  type AbortSignalLike,
  type Random,
  type Scheduler,
  type Timer,
  ZoologError,
} from "@zoolog/base";
import type { Transport, TransportRequest, TransportResponse } from "@zoolog/client";
import {
  checkMessage,
  decodeMessage,
  encodeMessage,
  NATIVE_CALLS,
  type NativeCall,
  type NativeRequest,
  type NativeResponse,
  type Schema,
} from "@zoolog/protocol";
import { ScriptedGroups } from "./scripted-groups.ts";
import type { ScriptedPartition } from "./scripted-partition.ts";
import { ScriptedTopics } from "./scripted-topics.ts";

/** What goes wrong with one request. */
export type BrokerFault =
  /** Nobody listens. */
  | "refuse"
  /** The connection breaks before the broker has read the request. */
  | "breakBefore"
  /** The broker does what was asked, then the connection breaks: the caller cannot know. */
  | "breakAfter"
  /** Done, but no answer before the caller's timeout. */
  | "hang"
  /** The answer is cut off in the middle. */
  | "truncate"
  /** Every partition of the request is refused with this error. */
  | { readonly refuseWith: string }
  /** Read and done only so much later, ms, whether anybody still waits for it or not. */
  | { readonly late: number };

export type SeenRequest = {
  readonly endpoint: string;
  readonly call: string;
  /** Bytes of the body. */
  readonly bytes: number;
};

export type ScriptedBrokersOptions = {
  readonly count: number;
  /** How long a request takes, ms: from none to this. */
  readonly latencyMsMax?: number;
  readonly batchBytesMax?: number;
};

/** Who answers, and how. */
type Context = {
  readonly self: number;
  readonly refuseWith: string | undefined;
  readonly exchange: Exchange;
};

/**
 * Brokers without sockets: they speak the native plane's bytes through the client's transport port,
 * keep logs in memory, and fail when they are told to. Time and chance are the test's.
 */
export class ScriptedBrokers implements Transport {
  readonly requests: SeenRequest[] = [];
  /** Asked for each request; what it answers goes wrong. */
  fault: (request: SeenRequest) => BrokerFault | undefined = () => undefined;
  readonly endpoints: readonly string[];
  /** What the coordinator of all groups knows. */
  readonly groups: ScriptedGroups;
  readonly #latencyMsMax: number;
  readonly #scheduler: Scheduler;
  readonly #random: Random;
  readonly #topics: ScriptedTopics;
  readonly #parked = new Set<() => void>();
  #producerIds = 0;
  #closed = false;

  constructor(
    options: ScriptedBrokersOptions,
    dependencies: { readonly scheduler: Scheduler; readonly random: Random },
  ) {
    const { batchBytesMax = 1024 * 1024, count, latencyMsMax = 0 } = options;
    this.endpoints = Array.from({ length: count }, (_, id) => `http://broker:${id}`);
    this.#latencyMsMax = latencyMsMax;
    this.#topics = new ScriptedTopics({ endpoints: this.endpoints, batchBytesMax }, dependencies);
    this.groups = new ScriptedGroups(
      { endpoints: this.endpoints, topics: this.#topics },
      dependencies,
    );
    this.#scheduler = dependencies.scheduler;
    this.#random = dependencies.random;
  }

  createTopic(topic: string, partitionCount: number): void {
    this.#topics.create(topic, partitionCount);
    this.groups.topicsChanged();
  }

  /** As with `auto.create.topics.enable`. */
  set createsMissingTopics(creates: boolean) {
    this.#topics.createsMissing = creates;
  }

  addPartitions(topic: string, partitionCount: number): void {
    this.#topics.grow(topic, partitionCount);
    this.groups.topicsChanged();
  }

  deleteTopic(topic: string): void {
    this.#topics.delete(topic);
  }

  partition(topic: string, partition: number): ScriptedPartition {
    return this.#topics.partition(topic, partition);
  }

  /** Elects the next broker. */
  moveLeader(topic: string, partition: number): void {
    const moved = this.partition(topic, partition);
    moved.leader = ((moved.leader ?? 0) + 1) % this.endpoints.length;
    moved.leaderEpoch += 1;
  }

  /** None of its replicas is there. */
  loseLeader(topic: string, partition: number): void {
    this.partition(topic, partition).leader = undefined;
  }

  post(request: TransportRequest): Promise<TransportResponse> {
    const call = request.path.replace("/v1/", "") as NativeCall;
    const seen = { endpoint: request.endpoint, call, bytes: Buffer.concat(request.body).length };
    this.requests.push(seen);
    const fault = this.fault(seen);
    return new Promise((resolve, reject) => {
      if (this.#closed) return reject(failure("CLOSED", false));
      if (fault === "refuse") return reject(failure("CONNECTION_REFUSED"));
      const exchange = new Exchange(request, this.#scheduler, resolve, reject);
      const lateMs = typeof fault === "object" && "late" in fault ? fault.late : 0;
      const latencyMs = lateMs + Math.round(this.#random.next() * this.#latencyMsMax);
      this.#scheduler.after(latencyMs, () => this.#serve(exchange, call, fault));
    });
  }

  close(): Promise<void> {
    this.#closed = true;
    return Promise.resolve();
  }

  #serve(exchange: Exchange, call: NativeCall, fault: BrokerFault | undefined): void {
    if (fault === "breakBefore") {
      exchange.reject(failure("NETWORK_EXCEPTION"));
      return;
    }
    const schema: Schema<unknown> = NATIVE_CALLS[call].request;
    const decoded = decodeMessage(Buffer.concat(exchange.request.body));
    const checked = decoded.fault === undefined ? checkMessage(schema, decoded.value) : decoded;
    if (checked.fault !== undefined) {
      const { code, message } = checked.fault;
      exchange.resolve(400, encodeMessage({ error: { code, message, retriable: false } }));
      return;
    }
    const isRefused = typeof fault === "object" && "refuseWith" in fault;
    const refuseWith = isRefused ? fault.refuseWith : undefined;
    const self = Number(new URL(exchange.request.endpoint).port);
    this.#answer(call, checked.value, { self, refuseWith, exchange }, (message) => {
      const body = encodeMessage(message);
      if (fault === "breakAfter") exchange.reject(failure("NETWORK_EXCEPTION"));
      else if (fault === "truncate") exchange.resolve(200, body.subarray(0, body.length >> 1));
      else if (fault !== "hang") exchange.resolve(200, body);
    });
  }

  #answer(
    call: NativeCall,
    request: unknown,
    context: Context,
    done: (message: unknown) => void,
  ): void {
    const { refuseWith, self } = context;
    const topics = this.#topics;
    switch (call as string) {
      case "init-producer-id":
        done({ producerId: this.#producerIds++, producerEpoch: 0 });
        break;
      case "metadata":
        done(topics.metadata(request as NativeRequest<"metadata">));
        break;
      case "produce":
        done(topics.produce(request as NativeRequest<"produce">, self, refuseWith));
        for (const wake of [...this.#parked]) wake();
        break;
      case "list-offsets":
        done(topics.listOffsets(request as NativeRequest<"list-offsets">, self, refuseWith));
        break;
      case "fetch":
        this.#fetch(request as NativeRequest<"fetch">, context, done);
        break;
      default:
        this.groups.serve(call, request, self, (answer) => {
          if (!("refusal" in answer)) done(answer.message);
          else context.exchange.resolve(409, encodeMessage({ error: answer.refusal }));
        });
    }
  }

  #fetch(
    request: NativeRequest<"fetch">,
    context: Context,
    done: (message: unknown) => void,
  ): void {
    const answer = () => this.#topics.fetched(request, context.self, context.refuseWith);
    const hasSomething = (response: NativeResponse<"fetch">): boolean =>
      response.topics.some(({ partitions }) =>
        partitions.some((entry) => {
          if ("error" in entry || entry.divergingEpoch !== undefined) return true;
          return entry.records.length > 0;
        }),
      );
    const first = answer();
    if (hasSomething(first) || request.maxWaitMs === 0) {
      done(first);
      return;
    }
    const finish = (): void => {
      this.#parked.delete(wake);
      timer.cancel();
      done(answer());
    };
    const wake = (): void => {
      if (hasSomething(answer())) finish();
    };
    const timer = this.#scheduler.after(request.maxWaitMs, finish);
    context.exchange.onSettled = () => {
      this.#parked.delete(wake);
      timer.cancel();
    };
    this.#parked.add(wake);
  }
}

/** Settles once, by answer, failure, timeout or abort, as a real transport must. */
class Exchange {
  readonly request: TransportRequest;
  onSettled: () => void = () => {};
  readonly #resolve: (response: TransportResponse) => void;
  readonly #reject: (reason: unknown) => void;
  readonly #timer: Timer;
  readonly #signal: AbortSignalLike | undefined;
  #settled = false;

  constructor(
    request: TransportRequest,
    scheduler: Scheduler,
    resolve: (response: TransportResponse) => void,
    reject: (reason: unknown) => void,
  ) {
    this.request = request;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#signal = request.signal;
    this.#timer = scheduler.after(request.timeoutMs, () =>
      this.reject(failure("REQUEST_TIMED_OUT")),
    );
    if (this.#signal?.aborted === true) this.#onAbort();
    this.#signal?.addEventListener("abort", this.#onAbort, { once: true });
  }

  resolve(status: number, body: Uint8Array): void {
    if (!this.#settle()) return;
    this.#resolve({ status, contentType: "application/msgpack", body: Buffer.from(body) });
  }

  reject(reason: unknown): void {
    if (this.#settle()) this.#reject(reason);
  }

  readonly #onAbort = (): void => this.reject(this.#signal?.reason);

  #settle(): boolean {
    if (this.#settled) return false;
    this.#settled = true;
    this.#timer.cancel();
    this.#signal?.removeEventListener("abort", this.#onAbort);
    this.onSettled();
    return true;
  }
}

function failure(code: string, retriable = true): ZoologError {
  return new ZoologError({ code, message: `scripted ${code}`, retriable });
}
