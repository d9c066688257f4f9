import { assert } from "@zoolog/base";
import { checkMessage, PEER_CALLS, type PeerCall, type PeerRequest } from "@zoolog/protocol";
import type { FastifyInstance } from "fastify";
import { peerCallTable, waitsForNews } from "../calls/call-tables.ts";
import type { PeerApi, PeerContext } from "../peer-api.ts";
import { AnswerMemory, answerBytesMax } from "../planes/answer-memory.ts";
import type { Call } from "../planes/call.ts";
import { bodyOf } from "./bodies/body-parsers.ts";
import { MSGPACK_TYPE, sendMessage } from "./bodies/content-types.ts";
import { withRecordBins } from "./bodies/record-bins.ts";
import { refusedMessage } from "./errors.ts";
import type { PlaneParts } from "./plane-parts.ts";

type PeerHandlers = {
  readonly [Name in PeerCall]: (
    request: PeerRequest<Name>,
    call: PeerContext & Call,
  ) => Promise<unknown>;
};

declare module "fastify" {
  interface FastifyContextConfig {
    /** Who may call; everybody where it is missing. */
    audience?: "brokers";
  }
}

/**
 * `POST /v1/<call>` for what brokers ask of each other, in msgpack alone. Nobody else gets so far:
 * `call-hooks.ts` has looked at the credential before the body was read.
 */
export function addPeerRoutes(app: FastifyInstance, parts: PlaneParts): void {
  const { api } = parts.peers ?? {};
  for (const name of Object.keys(PEER_CALLS) as PeerCall[]) {
    addPeerRoute(app, parts, name, api);
  }
}

function addPeerRoute<Name extends PeerCall>(
  app: FastifyInstance,
  parts: PlaneParts,
  name: Name,
  api: PeerApi | undefined,
): void {
  const schema = PEER_CALLS[name].request;
  const options = {
    bodyLimit: parts.limits.peerBodyBytesMax,
    config: { audience: "brokers" as const },
  };
  const handlers = api === undefined ? undefined : peerHandlers(api, parts);
  app.post(`/v1/${name}`, options, async (request, reply) => {
    const { call } = request;
    assert(isFromBroker(call), "only brokers get here");
    assert(handlers !== undefined, "where there are brokers there is something to ask them");
    const checked = checkMessage(schema, bodyOf(request));
    if (checked.fault !== undefined) throw refusedMessage(checked.fault);
    if (waitsForNews(name, checked.value)) parts.calls.markWaiting(call);
    const response = await handlers[name](checked.value as PeerRequest<Name>, call);
    return sendMessage(reply, MSGPACK_TYPE, 200, response);
  });
}

function isFromBroker(call: Call): call is PeerContext & Call {
  return call.principal.kind === "broker";
}

function peerHandlers(api: PeerApi, parts: PlaneParts): PeerHandlers {
  const { limits } = parts;
  const bytesMax = answerBytesMax(limits.peerInFlightBytesMax);
  return {
    ...peerCallTable(api),
    replicate: async (request, call) => {
      const maxBytes = Math.min(request.maxBytes, bytesMax);
      const memory = new AnswerMemory({ call, bytesMax, maxWaitMs: request.maxWaitMs }, parts);
      const replicating = api.replicate({ ...request, maxBytes }, call, memory);
      const result = await call.holdWhile(replicating);
      return { ...result, topics: withRecordBins(result.topics, memory) };
    },
  };
}
