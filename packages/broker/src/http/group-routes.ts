import type { FastifyInstance, FastifyRequest } from "fastify";
import { answerType, MESSAGE_TYPES, sendMessage } from "./bodies/content-types.ts";
import { failedItem } from "./errors.ts";
import type { PlaneParts } from "./plane-parts.ts";

type GroupRequest = FastifyRequest<{ Params: { group: string } }>;

/** Consumer groups for people with curl, at any broker. */
export function addGroupRoutes(app: FastifyInstance, { api }: PlaneParts): void {
  const withHead = { exposeHeadRoute: true };
  app.get("/v1/groups", withHead, async (request, reply) => {
    const type = answerType(request, MESSAGE_TYPES);
    const groups = await api.groups["list-groups"]({ allBrokers: true }, request.call);
    return sendMessage(reply, type, 200, groups);
  });
  app.get("/v1/groups/:group", withHead, async (request: GroupRequest, reply) => {
    const type = answerType(request, MESSAGE_TYPES);
    const asked = { groups: [request.params.group] };
    const { groups } = await api.groups["describe-groups"](asked, request.call);
    const [group] = groups;
    if (group === undefined || "error" in group) throw failedItem(group?.error);
    return sendMessage(reply, type, 200, group);
  });
  app.get("/v1/groups/:group/lag", withHead, async (request: GroupRequest, reply) => {
    const type = answerType(request, MESSAGE_TYPES);
    const asked = { groups: [request.params.group] };
    const { groups } = await api.groups["group-lag"](asked, request.call);
    const [group] = groups;
    if (group === undefined || "error" in group) throw failedItem(group?.error);
    return sendMessage(reply, type, 200, group);
  });
}
