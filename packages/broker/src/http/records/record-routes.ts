import { EventLoopTurns, runInBackground } from "@zoolog/base";
import {
  checkMessage,
  type PostRecordsResponse,
  postRecordsRequest,
  type ReadRecordsQuery,
  readRecordsQuery,
} from "@zoolog/protocol";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { throttled } from "../../planes/errors.ts";
import { bodyOf } from "../bodies/body-parsers.ts";
import {
  answerType,
  EVENT_STREAM_TYPE,
  encodedBody,
  MESSAGE_TYPES,
  MSGPACK_TYPE,
  sendBody,
  sendMessage,
} from "../bodies/content-types.ts";
import { failedItem, refusedMessage } from "../errors.ts";
import type { PlaneParts } from "../plane-parts.ts";
import { readPartition, readQuery, readTopic } from "../url-values.ts";
import { RecordPoster } from "./record-poster.ts";
import {
  type ReadLimits,
  type ReadPosition,
  RecordReader,
  resolveOffset,
} from "./record-reader.ts";
import { eventsOf, offsetAfter, RecordStream } from "./record-stream.ts";

const POST_PATH = "/v1/topics/:topic/records";
const READ_PATH = "/v1/topics/:topic/partitions/:partition/records";
const READ_TYPES = [...MESSAGE_TYPES, EVENT_STREAM_TYPE];

/** Records for people with curl and for browsers' EventSource: single records, no batches. */
export function addRecordRoutes(app: FastifyInstance, parts: PlaneParts): void {
  const poster = new RecordPoster(parts);
  const bodyLimit = parts.limits.produceBodyBytesMax;
  app.post<{ Params: { topic: string } }>(POST_PATH, { bodyLimit }, async (request, reply) => {
    const type = answerType(request, MESSAGE_TYPES);
    const topic = readTopic(request.params.topic);
    const checked = checkMessage(postRecordsRequest, bodyOf(request));
    if (checked.fault !== undefined) throw refusedMessage(checked.fault);
    const response = await poster.post(topic, checked.value, request.call);
    return sendMessage(reply, type, postStatus(response), response);
  });
  addReadRoute(app, parts);
}

/** All appended: 200. None: as the first failure. Some: 207, and the body tells which. */
function postStatus({ records }: PostRecordsResponse): number {
  const failed = records.filter((record) => "error" in record);
  const [first] = failed;
  if (first === undefined) return 200;
  if (failed.length < records.length) return 207;
  throw failedItem(first.error);
}

type ReadRequest = FastifyRequest<{ Params: { topic: string; partition: string } }>;

function addReadRoute(app: FastifyInstance, parts: PlaneParts): void {
  const reader = new RecordReader({ ...parts, turns: new EventLoopTurns(parts) });
  const streams = { open: 0 };
  parts.metrics.registry.gauge(
    "zoolog_http_event_streams",
    "Open event streams",
    () => streams.open,
  );
  app.get(READ_PATH, async (request: ReadRequest, reply) => {
    const type = answerType(request, READ_TYPES);
    const query = readQuery(readRecordsQuery, request.query);
    const position = await readPosition(parts, request, query, type);
    const reading = { reader, query, position, type };
    if (type !== EVENT_STREAM_TYPE) return answerRecords(parts, request, reply, reading);
    if (streams.open >= parts.limits.streamsMax) throw throttled("too many event streams are open");
    streams.open += 1;
    // Not when the response closes: one that waits behind another of its connection never does.
    request.call.atEnd(() => {
      streams.open -= 1;
    });
    return startStream(parts, request, reply, reading);
  });
}

type Reading = {
  readonly reader: RecordReader;
  readonly query: ReadRecordsQuery;
  readonly position: ReadPosition;
  readonly type: string;
};

async function readPosition(
  { api }: PlaneParts,
  request: ReadRequest,
  query: ReadRecordsQuery,
  type: string,
): Promise<ReadPosition> {
  const topic = readTopic(request.params.topic);
  const partition = readPartition(request.params.partition);
  const lastEventId = type === EVENT_STREAM_TYPE ? request.headers["last-event-id"] : undefined;
  const at = lastEventId === undefined ? query.offset : offsetAfter(String(lastEventId));
  const where = { topic, partition };
  const offset = await resolveOffset(api, where, at, request.call);
  return { ...where, offset };
}

async function answerRecords(
  { calls, limits }: PlaneParts,
  request: ReadRequest,
  reply: FastifyReply,
  { reader, query, position, type }: Reading,
): Promise<FastifyReply> {
  if (query.maxWaitMs > 0) calls.markWaiting(request.call);
  const form = type === MSGPACK_TYPE ? "raw" : query.bytes;
  const reading = readLimits({ ...query, form }, limits.readAnswerBytesMax);
  const encode = (answer: unknown) => encodedBody(type, answer);
  const { body } = await reader.read(position, reading, request.call, encode);
  return sendBody(reply, type, body);
}

function readLimits(asked: Omit<ReadLimits, "shownBytesMax">, bytesMax: number): ReadLimits {
  const { maxBytes, maxRecords, maxWaitMs, form } = asked;
  const shownBytesMax = bytesMax;
  return { maxBytes: Math.min(maxBytes, bytesMax), maxRecords, maxWaitMs, form, shownBytesMax };
}

/** What fails before the first event is an ordinary answer with a status. */
async function startStream(
  parts: PlaneParts,
  request: ReadRequest,
  reply: FastifyReply,
  { reader, query, position }: Reading,
): Promise<FastifyReply> {
  const { calls, limits, logger } = parts;
  const { call } = request;
  const asked = { ...query, form: query.bytes, maxWaitMs: 0 };
  const reading = readLimits(asked, limits.streamStepBytesMax);
  const first = await reader.read(position, reading, call, eventsOf);
  reply.hijack();
  calls.markWaiting(call);
  const stream = new RecordStream({ response: reply.raw, call }, { parts, reader });
  const following = { ...reading, maxWaitMs: limits.heartbeatMs };
  runInBackground("event stream", logger, () => stream.run(position, first, following));
  return reply;
}
