import { errorMessage } from "@zoolog/base";
import type { FastifyInstance, FastifyReply } from "fastify";
import { answerType, JSON_TYPE, MESSAGE_TYPES, sendMessage } from "../bodies/content-types.ts";
import { notFound } from "../errors.ts";
import type { PlaneParts } from "../plane-parts.ts";
import { failureOf } from "./error-mapping.ts";

/** Seconds after which a caller who was refused for a moment should come back. */
const RETRY_AFTER_SECONDS = "1";

/** Every failure leaves with a status and the same body, whoever raised it. */
export function addErrorAnswers(app: FastifyInstance, parts: PlaneParts): void {
  app.setErrorHandler((error, _request, reply) => answerFailure(parts, reply, error));
  app.setNotFoundHandler((request) => {
    throw notFound(request.method, request.url.slice(0, 200));
  });
}

export function answerFailure(
  { metrics, logger }: PlaneParts,
  reply: FastifyReply,
  error: unknown,
): FastifyReply {
  const { request } = reply;
  const { status, body, isUnexpected } = failureOf(error);
  metrics.http.failures.of({ code: body.error.code }).value += 1;
  if (isUnexpected) {
    logger.error("call failed", {
      method: request.method,
      route: request.routeOptions.url,
      code: body.error.code,
      error: errorMessage(error),
      stack: error instanceof Error ? error.stack : undefined,
    });
  }
  if (body.error.retriable) reply.header("retry-after", RETRY_AFTER_SECONDS);
  return sendMessage(reply, errorType(reply), status, body);
}

/** JSON when the caller accepts nothing that we have: an error must not fail in turn. */
function errorType(reply: FastifyReply): string {
  try {
    return answerType(reply.request, MESSAGE_TYPES);
  } catch {
    return JSON_TYPE;
  }
}
