import type {
  AnyKafkaMessage,
  KafkaApi,
  KafkaRequest,
  KafkaResponse,
  RequestHeader,
  RequestOf,
  ResponseOf,
} from "@zoolog/protocol";
import {
  apiNameOfKey,
  encodeResponse,
  KAFKA_MESSAGES,
  readRequest,
  readRequestHeader,
} from "@zoolog/protocol/kafka";
import type { BrokerMetrics } from "../metrics.ts";
import { unknownCall, unknownVersion } from "./errors.ts";
import { errorsOf } from "./errors-of-response.ts";
import type { RequestContext } from "./request-context.ts";

/**
 * One call: a decoded message in, one method of `BrokerApi`, message out. `undefined` is no answer at
 * all (a produce that asked for none). What goes wrong is an error code in the answer; who throws has
 * the connection closed, which is all that is left where there is no answer.
 */
export type KafkaHandler<Api extends KafkaApi> = (
  request: KafkaRequest<Api>,
  context: RequestContext,
) => Promise<KafkaResponse<Api> | undefined> | KafkaResponse<Api>;

/** What is offered: a call that has no handler is not announced, and not answered. */
export type KafkaHandlers = { readonly [Api in KafkaApi]?: KafkaHandler<Api> };

/** A request whose call and version are offered here. */
export type OfferedRequest = {
  readonly name: KafkaApi;
  readonly header: RequestHeader;
  /** @throws ZoologError MALFORMED_MESSAGE */
  readonly decode: () => DecodedRequest;
};

export type DecodedRequest = {
  /** What it takes while it is held, besides its frame. */
  readonly decodedBytes: number;
  /** Handles and encodes; the pieces are for one `writev`. */
  readonly answer: (context: RequestContext) => Promise<Uint8Array[] | undefined>;
};

/**
 * What one element of a list takes from its decoding to its answer: measured with parked fetches of
 * 240,000 topics, 193 bytes each. On the wire it may take two.
 */
const ELEMENT_BYTES = 200;

/**
 * So many elements are not counted: they take no more than their connection does anyway, and a produce
 * that came in is not turned away for them when memory is short.
 */
const ELEMENTS_FREE = 64;

/** What each message's own types say is lost in the table, and holds by its keys. */
type AnyHandler = (
  request: RequestOf<AnyKafkaMessage>,
  context: RequestContext,
) => Promise<ResponseOf<AnyKafkaMessage> | undefined> | ResponseOf<AnyKafkaMessage>;
type Entry = {
  readonly name: KafkaApi;
  readonly message: AnyKafkaMessage;
  readonly handle: AnyHandler;
};

/** From a frame to the handler of its call. */
export class RequestDispatch {
  readonly #entries = new Map<number, Entry>();
  readonly #failures: BrokerMetrics["kafka"]["failures"];

  constructor(handlers: KafkaHandlers, { failures }: Pick<BrokerMetrics["kafka"], "failures">) {
    this.#failures = failures;
    for (const [name, handle] of Object.entries(handlers)) {
      const message: AnyKafkaMessage = KAFKA_MESSAGES[name as KafkaApi];
      this.#entries.set(message.key, {
        name: name as KafkaApi,
        message,
        handle: handle as AnyHandler,
      });
    }
  }

  /**
   * @param frame without its length.
   * @throws ZoologError MALFORMED_MESSAGE, UNSUPPORTED_VERSION
   */
  read(frame: Buffer): OfferedRequest {
    const { header, reader } = readRequestHeader(frame);
    const { apiKey, apiVersion } = header;
    const entry = this.#entries.get(apiKey);
    if (entry === undefined) throw unknownCall(apiNameOfKey(apiKey));
    const { name, message, handle } = entry;
    const [first, last] = message.versions;
    if (apiVersion < first || apiVersion > last) {
      if (name !== "ApiVersions") throw unknownVersion(message, apiVersion);
      return { name, header, decode: () => ({ decodedBytes: 0, answer: () => tooNew(header) }) };
    }
    const decode = (): DecodedRequest => {
      const request = readRequest(message, header, reader);
      const answer = async (context: RequestContext): Promise<Uint8Array[] | undefined> => {
        const response = await handle(request, context);
        if (response === undefined) return undefined;
        for (const code of errorsOf(response)) this.#failures.of({ api: name, code }).value += 1;
        return encodeResponse(message, header, response);
      };
      return { decodedBytes: decodedBytesOf(reader.elements), answer };
    };
    return { name, header, decode };
  }
}

function decodedBytesOf(elements: number): number {
  return ELEMENT_BYTES * Math.max(0, elements - ELEMENTS_FREE);
}

/** What ApiVersions announces of a call. */
export function announced(name: KafkaApi) {
  const { key, versions, announcedFrom }: AnyKafkaMessage = KAFKA_MESSAGES[name];
  return { apiKey: key, minVersion: announcedFrom, maxVersion: versions[1] };
}

/**
 * A newer client's ApiVersions is answered in the first version, which it can read, so that it asks
 * again by one that we have (KIP-511). Its body is not looked at.
 */
async function tooNew({ correlationId }: RequestHeader): Promise<Uint8Array[]> {
  const response = {
    errorCode: "UNSUPPORTED_VERSION",
    apiKeys: [announced("ApiVersions")],
  } as const;
  return encodeResponse(KAFKA_MESSAGES.ApiVersions, { apiVersion: 0, correlationId }, response);
}
