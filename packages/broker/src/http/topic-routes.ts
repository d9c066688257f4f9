import {
  type CreateTopicsRequest,
  checkMessage,
  type PutTopicRequest,
  postTopicRequest,
  putTopicRequest,
} from "@zoolog/protocol";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { bodyOf } from "./bodies/body-parsers.ts";
import { answerType, MESSAGE_TYPES, sendMessage } from "./bodies/content-types.ts";
import { failedItem, notDeleted, refusedMessage } from "./errors.ts";
import type { PlaneParts } from "./plane-parts.ts";
import { readTopic } from "./url-values.ts";

type TopicRequest = FastifyRequest<{ Params: { topic: string } }>;

/** How long these routes wait for the cluster; who wants another time uses the calls. */
const ADMIN_TIMEOUT_MS = 30_000;

/** Topics and the cluster for people with curl. */
export function addTopicRoutes(app: FastifyInstance, parts: PlaneParts): void {
  addReadingRoutes(app, parts);
  addWritingRoutes(app, parts);
}

function addReadingRoutes(app: FastifyInstance, { api }: PlaneParts): void {
  const withHead = { exposeHeadRoute: true };
  app.get("/v1/cluster", withHead, async (request, reply) => {
    const type = answerType(request, MESSAGE_TYPES);
    return sendMessage(reply, type, 200, await api.describeCluster(request.call));
  });
  app.get("/v1/topics", withHead, async (request, reply) => {
    const type = answerType(request, MESSAGE_TYPES);
    const metadata = await api.metadata({ allowAutoTopicCreation: false }, request.call);
    const topics = metadata.topics.flatMap((topic) => {
      // A topic that is being deleted right now has no entry worth listing.
      if ("error" in topic) return [];
      const { partitions, ...entry } = topic;
      const replicationFactor = partitions[0]?.replicas.length ?? 0;
      return [{ ...entry, numPartitions: partitions.length, replicationFactor }];
    });
    return sendMessage(reply, type, 200, { topics });
  });
  app.get("/v1/topics/:topic", withHead, async (request: TopicRequest, reply) => {
    const type = answerType(request, MESSAGE_TYPES);
    const topic = readTopic(request.params.topic);
    const { topics } = await api.describeTopics({ topics: [topic] }, request.call);
    const [described] = topics;
    if (described === undefined || "error" in described) throw failedItem(described?.error);
    return sendMessage(reply, type, 200, described);
  });
}

function addWritingRoutes(app: FastifyInstance, parts: PlaneParts): void {
  app.put("/v1/topics/:topic", async (request: TopicRequest, reply) => {
    const topic = readTopic(request.params.topic);
    const checked = checkMessage(putTopicRequest, bodyOf(request));
    if (checked.fault !== undefined) throw refusedMessage(checked.fault);
    return createTopic(parts, request, reply, topic, checked.value);
  });
  app.post("/v1/topics", async (request, reply) => {
    const checked = checkMessage(postTopicRequest, bodyOf(request));
    if (checked.fault !== undefined) throw refusedMessage(checked.fault);
    const { topic, ...settings } = checked.value;
    return createTopic(parts, request, reply, topic, settings);
  });
  app.delete("/v1/topics/:topic", async (request: TopicRequest, reply) => {
    const type = answerType(request, MESSAGE_TYPES);
    const topic = readTopic(request.params.topic);
    const { topics } = await parts.api.deleteTopics(
      { timeoutMs: ADMIN_TIMEOUT_MS, topics: [{ topic }] },
      request.call,
    );
    const [deleted] = topics;
    if (deleted === undefined || "error" in deleted) throw notDeleted(deleted?.error);
    return sendMessage(reply, type, 200, deleted);
  });
}

async function createTopic(
  { api }: PlaneParts,
  request: FastifyRequest,
  reply: FastifyReply,
  topic: string,
  settings: PutTopicRequest,
): Promise<FastifyReply> {
  const type = answerType(request, MESSAGE_TYPES);
  const wanted: CreateTopicsRequest["topics"][number] = { topic, ...settings };
  const { topics } = await api.createTopics(
    { timeoutMs: ADMIN_TIMEOUT_MS, validateOnly: false, topics: [wanted] },
    request.call,
  );
  const [created] = topics;
  if (created === undefined || "error" in created) throw failedItem(created?.error);
  reply.header("location", `/v1/topics/${topic}`);
  return sendMessage(reply, type, 201, created);
}
