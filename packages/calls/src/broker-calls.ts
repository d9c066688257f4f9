import { type AbortSignalLike, ZoologError } from "@zoolog/base";
import {
  checkResponse,
  decodeMessage,
  encodeMessageChunks,
  errorBody,
  NATIVE_CALLS,
  type NativeCall,
  type NativeRequest,
  type NativeResponse,
  type Schema,
} from "@zoolog/protocol";
import { invalidResponse } from "./errors.ts";
import type { Transport, TransportResponse } from "./transport.ts";

export type AttemptOptions = {
  readonly timeoutMs: number;
  readonly signal?: AbortSignalLike | undefined;
};

const MSGPACK = "application/msgpack";

/** One call of the native plane to one broker, once: encode, post, decode, check. */
export class BrokerCalls {
  readonly #transport: Transport;

  constructor(dependencies: { readonly transport: Transport }) {
    this.#transport = dependencies.transport;
  }

  /**
   * @throws ZoologError what the transport throws; what the broker answered (its `code`); or
   *   `INVALID_RESPONSE` for an answer that is none.
   */
  async call<Call extends NativeCall>(
    endpoint: string,
    call: Call,
    request: NativeRequest<Call>,
    options: AttemptOptions,
  ): Promise<NativeResponse<Call>> {
    const response = await this.#transport.post({
      endpoint,
      path: `/v1/${call}`,
      contentType: MSGPACK,
      body: encodeMessageChunks(request),
      timeoutMs: options.timeoutMs,
      signal: options.signal,
    });
    const decoded = decodedBody(endpoint, call, response);
    if (response.status !== 200) throw refusal(endpoint, call, response.status, decoded);
    const schema: Schema<unknown> = NATIVE_CALLS[call].response;
    const checked = checkResponse(schema, decoded);
    if (checked.fault !== undefined) throw invalidResponse(endpoint, call, checked.fault.message);
    return checked.value as NativeResponse<Call>;
  }
}

function decodedBody(endpoint: string, call: string, response: TransportResponse): unknown {
  if (!response.contentType.startsWith(MSGPACK)) {
    const what = `status ${response.status}, ${response.contentType || "no content type"}`;
    throw invalidResponse(endpoint, call, `${what} instead of ${MSGPACK}`);
  }
  const decoded = decodeMessage(response.body);
  if (decoded.fault !== undefined) throw invalidResponse(endpoint, call, decoded.fault.message);
  return decoded.value;
}

/** The broker's own words, as the error that they describe. */
function refusal(endpoint: string, call: string, status: number, decoded: unknown): ZoologError {
  const checked = checkResponse(errorBody, decoded);
  if (checked.fault !== undefined) {
    return invalidResponse(endpoint, call, `status ${status} without an error`);
  }
  const { code, message, retriable, hint } = checked.value.error;
  return new ZoologError({ code, message, retriable, ...(hint === undefined ? {} : { hint }) });
}
