import { errorCode } from "@zoolog/base";
import {
  BROKER_CREDENTIAL_HEADER,
  NATIVE_CALLS,
  PEER_CALLS,
  PEER_MESSAGE_ELEMENTS_MAX,
  type Static,
} from "@zoolog/protocol";
import { type AttemptOptions, callOnce } from "./call-once.ts";
import type { Transport } from "./transport.ts";

const CALLS = { ...NATIVE_CALLS, ...PEER_CALLS } as const;

type Call = keyof typeof CALLS;

/** One call of a broker to another one, once: its own calls, and those that it passes on. */
export class PeerCalls {
  readonly #transport: Transport;
  readonly #credential: () => string;
  readonly #onRefused: (endpoint: string) => void;

  /**
   * @param dependencies `credential` is asked for each call, as a broker may register anew;
   *   `onRefused` is told that a broker did not take it, before the call rejects.
   */
  constructor(dependencies: {
    readonly transport: Transport;
    readonly credential: () => string;
    readonly onRefused: (endpoint: string) => void;
  }) {
    this.#transport = dependencies.transport;
    this.#credential = dependencies.credential;
    this.#onRefused = dependencies.onRefused;
  }

  /**
   * @throws ZoologError as `BrokerCalls.call`; `CLUSTER_AUTHORIZATION_FAILED` when the other broker
   *   does not take this one for a broker of its cluster. What `credential` throws.
   */
  async call<Name extends Call>(
    endpoint: string,
    name: Name,
    request: Static<(typeof CALLS)[Name]["request"]>,
    options: AttemptOptions,
  ): Promise<Static<(typeof CALLS)[Name]["response"]>> {
    const { response } = CALLS[name];
    const headers = { [BROKER_CREDENTIAL_HEADER]: this.#credential() };
    const elementsMax = PEER_MESSAGE_ELEMENTS_MAX;
    const call = { endpoint, name, request, response, headers, elementsMax };
    try {
      const answer = await callOnce(this.#transport, call, options);
      return answer as Static<(typeof CALLS)[Name]["response"]>;
    } catch (error) {
      if (errorCode(error) === "CLUSTER_AUTHORIZATION_FAILED") this.#onRefused(endpoint);
      throw error;
    }
  }
}
