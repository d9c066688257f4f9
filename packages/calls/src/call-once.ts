import { type AbortSignalLike, ZoologError } from "@zoolog/base";
import {
  type Checked,
  checkResponse,
  decodeMessage,
  encodeMessageChunks,
  errorBody,
  type Schema,
} from "@zoolog/protocol";
import { invalidResponse } from "./errors.ts";
import type { Transport, TransportResponse } from "./transport.ts";

export type AttemptOptions = {
  readonly timeoutMs: number;
  /** See `TransportRequest`. */
  readonly answerBeginsMs?: number | undefined;
  readonly signal?: AbortSignalLike | undefined;
};

export type OneCall = {
  readonly endpoint: string;
  readonly name: string;
  readonly request: unknown;
  readonly response: Schema<unknown>;
  readonly headers?: Readonly<Record<string, string>>;
  /** Values that an answer may hold, where that is more than strangers are allowed. */
  readonly elementsMax?: number;
};

const MSGPACK = "application/msgpack";
const JSON_TYPE = "application/json";

/**
 * Encode, post, decode, check.
 *
 * @throws ZoologError what the transport throws; what the broker answered (its `code`); or
 *   `INVALID_RESPONSE` for an answer that is none.
 */
export async function callOnce(
  transport: Transport,
  call: OneCall,
  options: AttemptOptions,
): Promise<unknown> {
  const response = await transport.post({
    endpoint: call.endpoint,
    path: pathOf(call.name),
    contentType: MSGPACK,
    headers: call.headers,
    body: encodeMessageChunks(call.request),
    timeoutMs: options.timeoutMs,
    answerBeginsMs: options.answerBeginsMs,
    signal: options.signal,
  });
  const said = response.status === 200 ? undefined : sayingInJson(call, response);
  if (said !== undefined) throw said;
  const decoded = decodedBody(call, response);
  if (response.status !== 200) throw refusal(call, response.status, decoded);
  return checkedValue(call, checkResponse(call.response, decoded));
}

const paths = new Map<string, string>();

/** There are few names, and the same text again is cheaper to look up than one put together anew. */
function pathOf(name: string): string {
  let path = paths.get(name);
  if (path === undefined) {
    path = `/v1/${name}`;
    paths.set(name, path);
  }
  return path;
}

/** Who has not understood the request says so in JSON: a broker of whose ports this is another one. */
function sayingInJson(
  { endpoint }: OneCall,
  { body, contentType }: TransportResponse,
): ZoologError | undefined {
  if (!contentType.startsWith(JSON_TYPE)) return undefined;
  let parsed: unknown;
  try {
    parsed = JSON.parse(new TextDecoder().decode(body));
  } catch {
    return undefined;
  }
  const checked = checkResponse(errorBody, parsed);
  if (checked.fault !== undefined) return undefined;
  const { code, message, retriable, hint } = checked.value.error;
  return new ZoologError({
    code,
    message: `${endpoint}: ${message}`,
    retriable,
    ...(hint === undefined ? {} : { hint }),
  });
}

function decodedBody(call: OneCall, response: TransportResponse): unknown {
  if (!response.contentType.startsWith(MSGPACK)) {
    const what = `status ${response.status}, ${response.contentType || "no content type"}`;
    throw invalidResponse(call.endpoint, call.name, `${what} instead of ${MSGPACK}`);
  }
  const { elementsMax } = call;
  const limits = elementsMax === undefined ? {} : { elementsMax };
  return checkedValue(call, decodeMessage(response.body, limits));
}

function checkedValue({ endpoint, name }: OneCall, checked: Checked<unknown>): unknown {
  if (checked.fault !== undefined) throw invalidResponse(endpoint, name, checked.fault.message);
  return checked.value;
}

/** The broker's own words, as the error that they describe. */
function refusal({ endpoint, name }: OneCall, status: number, decoded: unknown): ZoologError {
  const checked = checkResponse(errorBody, decoded);
  if (checked.fault !== undefined) {
    return invalidResponse(endpoint, name, `status ${status} without an error`);
  }
  const { code, message, retriable, hint } = checked.value.error;
  return new ZoologError({ code, message, retriable, ...(hint === undefined ? {} : { hint }) });
}
