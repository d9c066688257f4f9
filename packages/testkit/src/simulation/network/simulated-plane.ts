import { CallAbort, ZoologError } from "@zoolog/base";
import {
  brokersOnly,
  type CallContext,
  callTable,
  errorBodyOf,
  HTTP_STATUS,
  type HttpPlaneDependencies,
  type PeerContext,
  type Plane,
  peerCallTable,
  waitsForNews,
} from "@zoolog/broker";
import {
  BROKER_CREDENTIAL_HEADER,
  ChunkedBytes,
  checkMessage,
  decodeMessage,
  encodeMessage,
  NATIVE_CALLS,
  type NativeCall,
  PEER_CALLS,
  PEER_MESSAGE_ELEMENTS_MAX,
  type PeerCall,
} from "@zoolog/protocol";
import type { SimulatedProcess } from "../schedule/simulated-process.ts";
import type { Caller, IncomingCall, Listener, Listeners, TransportResponse } from "./listeners.ts";

type Method<Context> = (
  request: unknown,
  context: Context,
  memory?: typeof UNLIMITED,
) => Promise<unknown>;

type CallUnderWay = {
  readonly caller: Caller;
  readonly abort: CallAbort;
  isWaiting: boolean;
};

/**
 * A broker's plane without HTTP: the bytes of a call in, one method of the broker, the bytes of the
 * answer out, with the same checks of messages and credentials.
 */
export class SimulatedPlane implements Plane, Listener {
  readonly #address: { readonly host: string; readonly port: number };
  readonly #process: SimulatedProcess;
  readonly #listeners: Listeners;
  readonly #dependencies: HttpPlaneDependencies;
  readonly #calls: ReturnType<typeof callTable>;
  readonly #peerCalls: ReturnType<typeof peerCallTable> | undefined;
  readonly #underWay = new Set<CallUnderWay>();
  #isClosing = false;
  #onIdle: (() => void) | undefined;

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

  listen(): ReturnType<Plane["listen"]> {
    this.#listeners.set(this.#endpoint, this);
    return Promise.resolve([{ listener: "HTTP", ...this.#address }]);
  }

  /** As the HTTP plane does: who only waits is released, the others get their answers. */
  async close(): Promise<void> {
    this.stopListening();
    this.#isClosing = true;
    for (const call of this.#underWay) if (call.isWaiting) call.abort.abort(CLOSING);
    if (this.#underWay.size === 0) return;
    await new Promise<void>((resolve) => {
      const { scheduler } = this.#process;
      const late = scheduler.after(CLOSE_WAIT_MS, () => {
        for (const call of this.#underWay) call.abort.abort(CLOSING);
        resolve();
      });
      this.#onIdle = () => {
        late.cancel();
        resolve();
      };
    });
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
    const underWay: CallUnderWay = { caller, abort: new CallAbort(), isWaiting: false };
    this.#underWay.add(underWay);
    this.#process.receive(() => {
      void this.#answer(call, underWay).then((response) => {
        // A dead process answers nothing, and who hung up hears nothing.
        if (!this.#process.isAlive || !this.#end(underWay)) return;
        caller.answer(response);
      });
    });
    return () =>
      this.#process.receive(() => {
        if (this.#end(underWay)) underWay.abort.abort(HUNG_UP);
      });
  }

  #end(underWay: CallUnderWay): boolean {
    const wasUnderWay = this.#underWay.delete(underWay);
    if (this.#underWay.size === 0) this.#onIdle?.();
    return wasUnderWay;
  }

  get #endpoint(): string {
    return `http://${this.#address.host}:${this.#address.port}`;
  }

  async #answer(call: IncomingCall, underWay: CallUnderWay): Promise<TransportResponse> {
    try {
      return respond(200, withBins(await this.#dispatch(call, underWay)));
    } catch (error) {
      if (!(error instanceof ZoologError)) throw error;
      return respond(HTTP_STATUS[error.code] ?? 503, errorBodyOf(error));
    }
  }

  /** @throws ZoologError also before there is a promise. */
  #dispatch(incoming: IncomingCall, underWay: CallUnderWay): Promise<unknown> {
    const { call, body, headers, remoteAddress } = incoming;
    const credential = headers[BROKER_CREDENTIAL_HEADER];
    const broker =
      credential === undefined
        ? undefined
        : this.#dependencies.peers?.brokerOf(credential, remoteAddress);
    const context: CallContext = {
      signal: underWay.abort,
      clientId: remoteAddress,
      remoteAddress,
      principal: broker ?? { kind: "anonymous" },
      holdWhile: (task) => task,
    };
    if (Object.hasOwn(NATIVE_CALLS, call)) {
      const name = call as NativeCall;
      const request = checked(NATIVE_CALLS[name].request, body, broker !== undefined);
      this.#markWaiting(name, request, underWay);
      const method = this.#calls[name] as Method<CallContext>;
      return method(request, context);
    }
    if (!Object.hasOwn(PEER_CALLS, call)) {
      throw new ZoologError({ code: "NOT_FOUND", message: `there is no call ${call}` });
    }
    if (broker === undefined) throw brokersOnly();
    const name = call as PeerCall;
    const request = checked(PEER_CALLS[name].request, body, true);
    this.#markWaiting(name, request, underWay);
    const method = this.#peerCalls?.[name] as Method<PeerContext>;
    // Its principal is a broker, as was just looked at.
    return method(request, context as PeerContext, UNLIMITED);
  }

  #markWaiting(name: NativeCall | PeerCall, request: unknown, underWay: CallUnderWay): void {
    underWay.isWaiting = waitsForNews(name, request);
    if (underWay.isWaiting && this.#isClosing) underWay.abort.abort(CLOSING);
  }
}

/** Longest that a closing plane waits for answers; as `http.shutdown` of a broker has it. */
const CLOSE_WAIT_MS = 5_000;

/** Said to nobody: whoever asked is gone. */
const HUNG_UP = new ZoologError({ code: "REQUEST_TIMED_OUT", message: "the caller hung up" });

const CLOSING = new ZoologError({
  code: "BROKER_NOT_AVAILABLE",
  message: "the broker is shutting down",
  retriable: true,
});

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
  const message = decoded.fault === undefined ? checkMessage(schema, decoded.value) : decoded;
  if (message.fault === undefined) return message.value;
  throw new ZoologError({ code: message.fault.code, message: message.fault.message });
}

type Answered = { topics?: { partitions?: { records?: unknown }[] }[] };

/**
 * The records of each partition as one bin, where the answer has records. Put into the answer itself:
 * it was made for this call, and a copy of each partition costs more than its encoding.
 */
function withBins(answer: unknown): unknown {
  const { topics } = answer as Answered;
  if (!Array.isArray(topics)) return answer;
  for (const { partitions } of topics) {
    if (!Array.isArray(partitions)) continue;
    for (const partition of partitions) {
      const { records } = partition;
      if (Array.isArray(records)) partition.records = new ChunkedBytes(records);
    }
  }
  return answer;
}

function respond(status: number, message: unknown): TransportResponse {
  // Bytes of its own: the encoder copies what is small, and what is large when it joins its chunks.
  const body = encodeMessage(message) as Buffer;
  return { status, contentType: "application/msgpack", body };
}
