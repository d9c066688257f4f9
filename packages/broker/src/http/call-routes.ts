import { checkMessage, NATIVE_CALLS, type NativeCall, type NativeRequest } from "@zoolog/protocol";
import type { FastifyInstance } from "fastify";
import { AnswerMemory, answerBytesMax } from "./bodies/answer-memory.ts";
import { bodyOf } from "./bodies/body-parsers.ts";
import { answerType, MESSAGE_TYPES, sendMessage } from "./bodies/content-types.ts";
import { withRecordBins } from "./bodies/record-bins.ts";
import type { Call } from "./call.ts";
import { refusedMessage } from "./errors.ts";
import type { PlaneParts } from "./plane-parts.ts";

type CallHandlers = {
  readonly [Name in NativeCall]: (request: NativeRequest<Name>, call: Call) => Promise<unknown>;
};

/** `POST /v1/<call>` for each call of the protocol: decode, check, one method, encode. */
export function addCallRoutes(app: FastifyInstance, parts: PlaneParts): void {
  const handlers = callHandlers(parts);
  for (const name of Object.keys(NATIVE_CALLS) as NativeCall[]) {
    addCallRoute(app, parts, name, handlers);
  }
}

function addCallRoute<Name extends NativeCall>(
  app: FastifyInstance,
  { limits }: PlaneParts,
  name: Name,
  handlers: CallHandlers,
): void {
  const schema = NATIVE_CALLS[name].request;
  const bodyLimit = name === "produce" ? limits.produceBodyBytesMax : limits.bodyBytesMax;
  app.post(`/v1/${name}`, { bodyLimit }, async (request, reply) => {
    const type = answerType(request, MESSAGE_TYPES);
    const checked = checkMessage(schema, bodyOf(request));
    if (checked.fault !== undefined) throw refusedMessage(checked.fault);
    const response = await handlers[name](checked.value as NativeRequest<Name>, request.call);
    return sendMessage(reply, type, 200, response);
  });
}

function callHandlers(parts: PlaneParts): CallHandlers {
  const { api, bodyMemory, calls, limits } = parts;
  return {
    produce: async (request, call) => {
      const response = await call.holdWhile(api.produce(request, call));
      // Without acknowledgement the records may still be on their way into the log.
      if (request.requiredAcks !== "none" && call.body !== undefined) {
        bodyMemory.giveBack(call.body);
      }
      return response;
    },
    fetch: async (request, call) => {
      if (request.maxWaitMs > 0) calls.markWaiting(call);
      const bytesMax = answerBytesMax(limits.inFlightBytesMax);
      const maxBytes = Math.min(request.maxBytes, bytesMax);
      const memory = new AnswerMemory({ call, bytesMax, maxWaitMs: request.maxWaitMs }, parts);
      const fetching = api.fetch({ ...request, maxBytes }, call, memory);
      const { topics } = await call.holdWhile(fetching);
      return { topics: withRecordBins(topics, memory) };
    },
    "list-offsets": (request, call) => api.listOffsets(request, call),
    metadata: (request, call) => api.metadata(request, call),
    "init-producer-id": (request, call) => api.initProducerId(request, call),
    "create-topics": (request, call) => api.createTopics(request, call),
    "delete-topics": (request, call) => api.deleteTopics(request, call),
    "describe-topics": (request, call) => api.describeTopics(request, call),
    "describe-cluster": (_request, call) => api.describeCluster(call),
    ...api.admin,
    ...api.groups,
    // These wait for other members: a closing plane releases them.
    "join-group": (request, call) => {
      calls.markWaiting(call);
      return api.groups["join-group"](request, call);
    },
    "sync-group": (request, call) => {
      calls.markWaiting(call);
      return api.groups["sync-group"](request, call);
    },
  } satisfies CallHandlers & Record<NativeCall, unknown>;
}
