import {
  NATIVE_CALLS,
  type NativeCall,
  type NativeRequest,
  type NativeResponse,
} from "@zoolog/protocol";
import { type AttemptOptions, callOnce } from "./call-once.ts";
import type { Transport } from "./transport.ts";

/** One call of the native plane to one broker, once, as anybody may make it. */
export class BrokerCalls {
  readonly #transport: Transport;

  constructor(dependencies: { readonly transport: Transport }) {
    this.#transport = dependencies.transport;
  }

  /**
   * @throws ZoologError what the transport throws; what the broker answered (its `code`); or
   *   `INVALID_RESPONSE` for an answer that is none.
   */
  call<Call extends NativeCall>(
    endpoint: string,
    name: Call,
    request: NativeRequest<Call>,
    options: AttemptOptions,
  ): Promise<NativeResponse<Call>> {
    const { response } = NATIVE_CALLS[name];
    const call = { endpoint, name, request, response };
    return callOnce(this.#transport, call, options) as Promise<NativeResponse<Call>>;
  }
}
