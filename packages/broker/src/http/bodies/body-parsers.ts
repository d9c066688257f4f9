import type { IncomingMessage } from "node:http";
import {
  type Checked,
  decodeJsonMessage,
  decodeMessage,
  type LargeBuffers,
  PEER_MESSAGE_ELEMENTS_MAX,
} from "@zoolog/protocol";
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { BrokerMetrics } from "../../metrics.ts";
import type { Call } from "../../planes/call.ts";
import { refusedMessage, unsupportedCharset } from "../errors.ts";
import type { HttpLimits } from "../http-limits.ts";
import { readBody } from "./body-reader.ts";
import { JSON_TYPE, MSGPACK_TYPE } from "./content-types.ts";
import type { IncomingBodies } from "./incoming-bodies.ts";

type BodyParserParts = {
  readonly incomingBodies: IncomingBodies;
  readonly bodyMemory: LargeBuffers;
  readonly limits: HttpLimits;
  readonly metrics: BrokerMetrics;
};

/**
 * Two content types and no other: what fastify brings along (text/plain) is what a web page can
 * send across origins without asking.
 */
export function addBodyParsers(app: FastifyInstance, parts: BodyParserParts): void {
  const { bodyMemory, incomingBodies, limits, metrics } = parts;
  const parser =
    (decode: (bytes: Uint8Array, call: Call) => Checked<unknown>, bytesMax: number) =>
    async (request: FastifyRequest, stream: IncomingMessage): Promise<unknown> => {
      const contentType = request.headers["content-type"];
      if (contentType !== MSGPACK_TYPE && contentType !== JSON_TYPE)
        checkCharset(contentType ?? "");
      const declared = request.headers["content-length"];
      const body = await readBody(
        stream,
        {
          bytesMax: Math.min(request.call.bodyBytesMax, bytesMax),
          declaredBytes: declared === undefined ? undefined : Number(declared),
          reserve: (bytes) => request.call.tryReserveBody(bytes),
          incoming: request.call.principal.kind === "broker" ? undefined : incomingBodies,
        },
        bodyMemory,
      );
      request.call.body = body;
      metrics.http.receivedBytes.value += body.length;
      const decoded = decode(body, request.call);
      if (decoded.fault !== undefined) throw refusedMessage(decoded.fault);
      return decoded.value;
    };
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(JSON_TYPE, parser(decodeJsonMessage, limits.jsonBodyBytesMax));
  app.addContentTypeParser(MSGPACK_TYPE, parser(decodeMsgpack, limits.produceBodyBytesMax));
}

function decodeMsgpack(bytes: Uint8Array, { principal }: Call): Checked<unknown> {
  if (principal.kind !== "broker") return decodeMessage(bytes);
  return decodeMessage(bytes, { elementsMax: PEER_MESSAGE_ELEMENTS_MAX });
}

/** The decoded body. None at all is a message without fields; `null` is not. */
export function bodyOf(request: FastifyRequest): unknown {
  return request.body === undefined ? {} : request.body;
}

/** RFC 8259 §8.1: JSON between systems is UTF-8. */
function checkCharset(contentType: string): void {
  const charset = /charset\s*=\s*"?([^\s;"]*)/i.exec(contentType)?.[1];
  if (charset !== undefined && !/^utf-?8$/i.test(charset)) throw unsupportedCharset(contentType);
}
