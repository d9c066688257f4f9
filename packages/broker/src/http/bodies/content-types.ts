import { encodeJsonMessage, encodeMessage, encodeMessageChunks } from "@zoolog/protocol";
import type { FastifyReply, FastifyRequest } from "fastify";
import { notAcceptable } from "../errors.ts";

export const JSON_TYPE = "application/json";
export const MSGPACK_TYPE = "application/msgpack";
export const EVENT_STREAM_TYPE = "text/event-stream";

/**
 * The form of an answer: what `Accept` likes best among `offered`; without a preference the form
 * of the request's body if that is offered, else the first.
 *
 * @throws ZoologError NOT_ACCEPTABLE
 */
export function answerType(request: FastifyRequest, offered: readonly string[]): string {
  const accept = request.headers.accept;
  if (accept === undefined || accept === "*/*") return ownForm(request, offered);
  let best: { readonly type: string; readonly weight: number } | undefined;
  for (const range of accept.split(",")) {
    const [name = "", ...parameters] = range.split(";").map((part) => part.trim().toLowerCase());
    const weight = weightOf(parameters);
    const type = name === "*/*" ? ownForm(request, offered) : matching(name, offered);
    if (type !== undefined && weight > (best?.weight ?? 0)) best = { type, weight };
  }
  if (best === undefined) throw notAcceptable(accept, offered);
  return best.type;
}

function ownForm(request: FastifyRequest, offered: readonly string[]): string {
  const given = request.headers["content-type"];
  if (given === MSGPACK_TYPE && offered.includes(given)) return given;
  const own = given?.split(";")[0]?.trim().toLowerCase();
  return offered.find((type) => type === own) ?? offered[0] ?? JSON_TYPE;
}

function matching(range: string, offered: readonly string[]): string | undefined {
  return offered.find((type) => type === range || range === `${type.split("/")[0]}/*`);
}

/** RFC 9110 §12.4.2; a weight that is none counts as 1. */
function weightOf(parameters: readonly string[]): number {
  const given = parameters.find((parameter) => parameter.startsWith("q="));
  const weight = given === undefined ? 1 : Number(given.slice(2));
  return weight >= 0 && weight <= 1 ? weight : 1;
}

/**
 * What an answer that a browser may open or a cache may keep says beside its type. Answers to POST
 * are kept by nobody (RFC 9110 §9.3.3) and opened by nobody.
 */
export const ANSWER_HEADERS = {
  "cache-control": "no-store",
  "x-content-type-options": "nosniff",
} as const;

/** The two forms of a message; JSON is for people, so it comes first. */
export const MESSAGE_TYPES: readonly string[] = [JSON_TYPE, MSGPACK_TYPE];

/** Sends a message in the form that `answerType` found. The last thing a handler does. */
export function sendMessage(
  reply: FastifyReply,
  type: string,
  status: number,
  message: unknown,
): FastifyReply {
  if (type !== MSGPACK_TYPE) {
    return sendOne(reply, JSON_TYPE, status, jsonBody(message));
  }
  const chunks = encodeMessageChunks(message);
  const [only] = chunks;
  if (only !== undefined && chunks.length === 1) return sendOne(reply, type, status, only);
  return sendChunks(reply, type, status, chunks);
}

/** A message as the bytes of its own that `sendBody` sends: nothing it was made of is kept alive. */
export function encodedBody(type: string, message: unknown): Uint8Array {
  return type === MSGPACK_TYPE ? encodeMessage(message) : Buffer.from(jsonBody(message));
}

export function sendBody(reply: FastifyReply, type: string, body: Uint8Array): FastifyReply {
  return sendOne(reply, type, 200, body);
}

/** Ends in a line feed: people read it in a terminal. */
function jsonBody(message: unknown): string {
  return `${encodeJsonMessage(message)}\n`;
}

function sendOne(
  reply: FastifyReply,
  type: string,
  status: number,
  body: string | Uint8Array,
): FastifyReply {
  if (reply.request.method !== "POST") reply.headers(ANSWER_HEADERS);
  return reply.code(status).type(type).send(body);
}

/**
 * Hands the chunks to the socket as they are: one vectored write instead of a copy of all of them.
 * Fastify knows no bodies of several buffers, so its own sending is passed by.
 */
function sendChunks(
  reply: FastifyReply,
  type: string,
  status: number,
  chunks: readonly Uint8Array[],
): FastifyReply {
  reply.hijack();
  const length = chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0);
  const { raw } = reply;
  raw.writeHead(status, { "content-type": type, "content-length": length });
  raw.cork();
  for (const chunk of chunks) raw.write(chunk);
  raw.end();
  raw.uncork();
  return reply;
}
