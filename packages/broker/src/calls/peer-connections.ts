import type { Scheduler } from "@zoolog/base";
import { HttpTransport, PeerCalls, type Transport } from "@zoolog/calls";
import { VERSION } from "../version.ts";

/** A broker that is there takes a connection at once; one that is not must be found out soon. */
const CONNECT_TIMEOUT_MS = 2_000;

/** The way from this broker to the others: connections are made when they are used. */
export class PeerConnections {
  readonly calls: PeerCalls;
  readonly #transport: Transport;

  constructor(dependencies: {
    readonly scheduler: Scheduler;
    /** Default: HTTP. */
    readonly transport?: Transport | undefined;
    /** What proves who is calling, asked for each call. */
    readonly credential: () => string;
    /** That broker did not take it. */
    readonly onRefused: (endpoint: string) => void;
  }) {
    this.#transport = dependencies.transport ?? httpTransport(dependencies.scheduler);
    this.calls = new PeerCalls({
      transport: this.#transport,
      credential: dependencies.credential,
      onRefused: dependencies.onRefused,
    });
  }

  /** Breaks off what is under way. Idempotent. */
  close(): Promise<void> {
    return this.#transport.close();
  }
}

function httpTransport(scheduler: Scheduler): Transport {
  return new HttpTransport(
    {
      owner: "broker",
      clientId: `zoolog-broker/${VERSION}`,
      connectTimeoutMs: CONNECT_TIMEOUT_MS,
    },
    { scheduler },
  );
}
