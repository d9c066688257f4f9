import type { BrokerDependencies } from "@zoolog/broker";

/** The port by which a broker calls others. */
export type Transport = NonNullable<BrokerDependencies["peerTransport"]>;
export type TransportRequest = Parameters<Transport["post"]>[0];
export type TransportResponse = Awaited<ReturnType<Transport["post"]>>;

export type IncomingCall = {
  readonly call: string;
  readonly body: Buffer;
  readonly headers: Readonly<Record<string, string>>;
  readonly remoteAddress: string;
};

export type Caller = {
  readonly answer: (response: TransportResponse) => void;
  /** The connection breaks. */
  readonly reset: () => void;
};

export interface Listener {
  /** @returns to be called when the caller hangs up. */
  serve(call: IncomingCall, caller: Caller): () => void;
}

/** Who listens where, by `http://host:port`. */
export type Listeners = Map<string, Listener>;
