import { checkMessage, NATIVE_CALLS, type NativeCall, type NativeRequest } from "@zoolog/protocol";
import type { FastifyInstance } from "fastify";
import { type CallTable, callTable, waitsForNews } from "../calls/call-tables.ts";
import { AnswerMemory, answerBytesMax } from "../planes/answer-memory.ts";
import type { Call } from "../planes/call.ts";
import { bodyOf } from "./bodies/body-parsers.ts";
import { answerType, MESSAGE_TYPES, sendMessage } from "./bodies/content-types.ts";
import { withRecordBins } from "./bodies/record-bins.ts";
import { refusedMessage } from "./errors.ts";
import type { PlaneParts } from "./plane-parts.ts";

/** `POST /v1/<call>` for each call of the protocol: decode, check, one method, encode. */
export function addCallRoutes(app: FastifyInstance, parts: PlaneParts): void {
  const handlers = callHandlers(parts);
  for (const name of Object.keys(NATIVE_CALLS) as NativeCall[]) {
    addCallRoute(app, parts, name, handlers);
  }
}

function addCallRoute<Name extends NativeCall>(
  app: FastifyInstance,
  { calls, limits }: PlaneParts,
  name: Name,
  handlers: CallTable<Call>,
): void {
  const schema = NATIVE_CALLS[name].request;
  const bodyLimit = name === "produce" ? limits.produceBodyBytesMax : limits.bodyBytesMax;
  app.post(`/v1/${name}`, { bodyLimit }, async (request, reply) => {
    const type = answerType(request, MESSAGE_TYPES);
    const checked = checkMessage(schema, bodyOf(request));
    if (checked.fault !== undefined) throw refusedMessage(checked.fault);
    if (waitsForNews(name, checked.value)) calls.markWaiting(request.call);
    const response = await handlers[name](checked.value as NativeRequest<Name>, request.call);
    return sendMessage(reply, type, 200, response);
  });
}

/** What HTTP adds to some calls: the memory of their bodies and answers. */
function callHandlers(parts: PlaneParts): CallTable<Call> {
  const { api, bodyMemory, limits } = parts;
  return {
    ...callTable(api),
    produce: async (request, call) => {
      const response = await call.holdWhile(api.produce(request, call));
      // Without acknowledgement the records may still be on their way into the log.
      if (request.requiredAcks !== "none" && call.body !== undefined) {
        bodyMemory.giveBack(call.body);
      }
      return response;
    },
    fetch: async (request, call) => {
      const bytesMax = answerBytesMax(limits.inFlightBytesMax);
      const maxBytes = Math.min(request.maxBytes, bytesMax);
      const memory = new AnswerMemory({ call, bytesMax, maxWaitMs: request.maxWaitMs }, parts);
      const fetching = api.fetch({ ...request, maxBytes }, call, memory);
      const { topics } = await call.holdWhile(fetching);
      return { topics: withRecordBins(topics, memory) };
    },
  } satisfies CallTable<Call>;
}
