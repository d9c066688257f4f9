import { assert, ZoologError } from "@zoolog/base";
import {
  type CallContext,
  callTable,
  errorBodyOf,
  type HttpPlaneDependencies,
  HTTP_STATUS,
  type PeerContext,
  type Plane,
  peerCallTable,
} from "@zoolog/broker";
import type { TransportResponse } from "@zoolog/calls";
import {
  BROKER_CREDENTIAL_HEADER,
  checkMessage,
  ChunkedBytes,
  decodeMessage,
  encodeMessage,
  NATIVE_CALLS,
  type NativeCall,
  PEER_CALLS,
  PEER_MESSAGE_ELEMENTS_MAX,
  type PeerCall,
} from "@zoolog/protocol";
import type { SimulatedProcess } from "../schedule/simulated-process.ts";
import type { Listeners } from "./simulated-transport.ts";

export type IncomingCall = {
  readonly call: string;
  readonly body: Buffer;
  readonly headers: Readonly<Record<string, string>>;
  readonly remoteAddress: string;
};

type Caller = {
  readonly answer: (response: TransportResponse) => void;
  /** The connection breaks. */
  readonly reset: () => void;
};

type CallUnderWay = { readonly caller: Caller; readonly controller: AbortController };

/**
 * A broker's plane without HTTP: the bytes of a call in, one method of the broker, the bytes of the
 * answer out, with the same checks of messages and credentials.
 */
export class SimulatedPlane implements Plane {
  readonly #address: { readonly host: string; readonly port: number };
  readonly #process: SimulatedProcess;
  readonly #listeners: Listeners;
  readonly #dependencies: HttpPlaneDependencies;
  readonly #calls: ReturnType<typeof callTable>;
  readonly #peerCalls: ReturnType<typeof peerCallTable> | undefined;
  readonly #underWay = new Set<CallUnderWay>();

  constructor(
    address: { readonly host: string; readonly port: number },
    dependencies: {
      readonly process: SimulatedProcess;
      readonly listeners: Listeners;
      readonly broker: HttpPlaneDependencies;
    },
  ) {
    this.#address = address;
    this.#process = dependencies.process;
    this.#listeners = dependencies.listeners;
    this.#dependencies = dependencies.broker;
    const { api, peers } = dependencies.broker;
    this.#calls = callTable(api);
    this.#peerCalls = peers === undefined ? undefined : peerCallTable(peers.api);
  }

  listen(): Promise<{ readonly host: string; readonly port: number }> {
    this.#listeners.set(this.#endpoint, this);
    return Promise.resolve(this.#address);
  }

  close(): Promise<void> {
    this.stopListening();
    const closing = new ZoologError({
      code: "BROKER_NOT_AVAILABLE",
      message: "the broker is shutting down",
      retriable: true,
    });
    for (const { controller } of this.#underWay) controller.abort(closing);
    return Promise.resolve();
  }

  stopListening(): void {
    if (this.#listeners.get(this.#endpoint) === this) this.#listeners.delete(this.#endpoint);
  }

  /** The process is gone: the kernel breaks every connection. */
  resetAll(): void {
    this.stopListening();
    for (const { caller } of this.#underWay) caller.reset();
    this.#underWay.clear();
  }

  /** @returns to be called when the caller hangs up. */
  serve(call: IncomingCall, caller: Caller): () => void {
    const underWay: CallUnderWay = { caller, controller: new AbortController() };
    this.#underWay.add(underWay);
    this.#process.receive(() => {
      void this.#answer(call, underWay.controller.signal).then((response) => {
        // A dead process answers nothing, and who hung up hears nothing.
        if (!this.#process.isAlive || !this.#underWay.delete(underWay)) return;
        caller.answer(response);
      });
    });
    return () =>
      this.#process.receive(() => {
        if (this.#underWay.delete(underWay)) underWay.controller.abort();
      });
  }

  get #endpoint(): string {
    return `http://${this.#address.host}:${this.#address.port}`;
  }

  async #answer(call: IncomingCall, signal: AbortSignal): Promise<TransportResponse> {
    try {
      return respond(200, await this.#dispatch(call, signal));
    } catch (error) {
      if (!(error instanceof ZoologError)) throw error;
      return respond(HTTP_STATUS[error.code] ?? 503, errorBodyOf(error));
    }
  }

  async #dispatch(incoming: IncomingCall, signal: AbortSignal): Promise<unknown> {
    const { call, body, headers, remoteAddress } = incoming;
    const credential = headers[BROKER_CREDENTIAL_HEADER];
    const broker =
      credential === undefined
        ? undefined
        : this.#dependencies.peers?.brokerOf(credential, remoteAddress);
    const context: CallContext = {
      signal,
      clientId: remoteAddress,
      remoteAddress,
      principal: broker ?? { kind: "anonymous" },
      holdWhile: (task) => task,
    };
    if (credential !== undefined && broker === undefined) {
      const message = "the credential is not one of this cluster";
      throw new ZoologError({ code: "CLUSTER_AUTHORIZATION_FAILED", message });
    }
    if (call in NATIVE_CALLS) {
      const name = call as NativeCall;
      const request = checked(NATIVE_CALLS[name].request, body, broker !== undefined);
      const method = this.#calls[name] as (request: unknown, context: CallContext) => unknown;
      return withBins(await method(request, context));
    }
    assert(broker !== undefined && call in PEER_CALLS, `${call} is for brokers`);
    const name = call as PeerCall;
    const request = checked(PEER_CALLS[name].request, body, true);
    const method = this.#peerCalls?.[name] as (
      request: unknown,
      context: PeerContext,
      memory: typeof UNLIMITED,
    ) => unknown;
    return withBins(await method(request, { ...context, principal: broker }, UNLIMITED));
  }
}

/** Memory is not what a world is about. */
const UNLIMITED = {
  reserve: ({ bytesMax }: { readonly bytesMax: number }) => Promise.resolve(bytesMax),
  release: () => {},
};

function checked(
  schema: Parameters<typeof checkMessage>[0],
  body: Buffer,
  isFromBroker: boolean,
): unknown {
  const decoded = decodeMessage(
    body,
    isFromBroker ? { elementsMax: PEER_MESSAGE_ELEMENTS_MAX } : {},
  );
  const message =
    decoded.fault === undefined ? checkMessage(schema, decoded.value) : decoded;
  if (message.fault === undefined) return message.value;
  throw new ZoologError({ code: message.fault.code, message: message.fault.message });
}

/** The records of each partition as one bin, where the answer has records. */
function withBins(answer: unknown): unknown {
  const { topics } = answer as { readonly topics?: readonly unknown[] };
  if (!Array.isArray(topics)) return answer;
  return { ...(answer as object), topics: topics.map(topicWithBins) };
}

function topicWithBins(topic: { readonly partitions?: readonly unknown[] }): unknown {
  if (!Array.isArray(topic.partitions)) return topic;
  return {
    ...topic,
    partitions: topic.partitions.map((partition: { readonly records?: readonly Buffer[] }) =>
      Array.isArray(partition.records)
        ? { ...partition, records: new ChunkedBytes(partition.records) }
        : partition,
    ),
  };
}

function respond(status: number, message: unknown): TransportResponse {
  return {
    status,
    contentType: "application/msgpack",
    body: Buffer.from(encodeMessage(message)),
  };
}
