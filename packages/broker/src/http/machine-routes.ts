import type { FastifyInstance } from "fastify";
import { ANSWER_HEADERS, JSON_TYPE } from "./bodies/content-types.ts";
import type { PlaneParts } from "./plane-parts.ts";

/** For supervisors, load balancers and Prometheus. Always JSON or text, whatever they accept. */
export function addMachineRoutes(app: FastifyInstance, { api, calls, metrics }: PlaneParts): void {
  const withHead = { exposeHeadRoute: true };
  app.get("/health/live", withHead, async (_request, reply) => {
    const { live, reasons } = api.health();
    const body = JSON.stringify(live ? { live } : { live, reasons });
    return reply
      .code(live ? 200 : 503)
      .headers(ANSWER_HEADERS)
      .type(JSON_TYPE)
      .send(body);
  });
  app.get("/health/ready", withHead, async (_request, reply) => {
    const health = api.health();
    const ready = health.ready && !calls.isClosing;
    const reasons = calls.isClosing ? ["The broker is shutting down."] : health.reasons;
    const body = JSON.stringify({ ready, reasons });
    return reply
      .code(ready ? 200 : 503)
      .headers(ANSWER_HEADERS)
      .type(JSON_TYPE)
      .send(body);
  });
  app.get("/metrics", withHead, async (_request, reply) => {
    const { contentType, text } = await metrics.registry.render();
    return reply.headers(ANSWER_HEADERS).type(contentType).send(text);
  });
}
