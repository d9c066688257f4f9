import {
  assert,
  type Clock,
  type Random,
  type Scheduler,
  topicIdFromBytes,
  type ZoologError,
} from "@zoolog/base";
import type {
  ClusterImage,
  CreateTopicsEvent,
  DeleteTopicsEvent,
  Refusal,
} from "@zoolog/controller";
import type {
  CreateTopicsRequest,
  CreateTopicsResponse,
  DeleteTopicsRequest,
  DeleteTopicsResponse,
  ItemError,
} from "@zoolog/protocol";
import type { ReplicaManager } from "@zoolog/replication";
import type { ControllerRuntime } from "../runtimes/controller-runtime.ts";
import { requestTimedOut } from "../runtimes/errors.ts";
import type { MetadataCache } from "../runtimes/metadata-cache.ts";
import { within } from "./within.ts";

export type TopicCallDependencies = {
  readonly controller: ControllerRuntime;
  readonly cache: MetadataCache;
  readonly replicas: Pick<ReplicaManager, "obstacle">;
  /** Why the data folder here takes nothing more; `undefined` while it does. */
  readonly diskFull: () => ZoologError | undefined;
  readonly random: Random;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
};

/** Starting points of the balanced assignment; any large number spreads topics over brokers. */
const ASSIGNMENT_STARTS = 2 ** 20;

/** Asks the controller, then waits until this broker has put the new topics into effect. */
export async function createTopics(
  request: CreateTopicsRequest,
  dependencies: TopicCallDependencies,
): Promise<CreateTopicsResponse> {
  const { controller, cache, random, clock, scheduler } = dependencies;
  const { validateOnly, timeoutMs } = request;
  const deadline = clock.monotonic() + timeoutMs;
  const full = validateOnly ? undefined : nowhereToGo(dependencies);
  if (full !== undefined) {
    const error = { code: "KAFKA_STORAGE_ERROR", message: full.message } as const;
    return { topics: request.topics.map(({ topic }) => ({ topic, error })) };
  }
  const { topics } = await within(
    controller.submit<CreateTopicsEvent>({
      type: "createTopics",
      validateOnly,
      topics: request.topics.map(
        ({ topic: name, numPartitions, replicationFactor, assignments, configs }) => ({
          name,
          topicId: topicIdFromBytes(random.bytes(16)),
          partitions: numPartitions,
          replicationFactor,
          assignment: assignments,
          configs: configs ?? {},
          assignmentStart: Math.floor(random.next() * ASSIGNMENT_STARTS),
        }),
      ),
    }),
    { timeoutMs, scheduler, onTimeout: () => requestTimedOut("the creation of topics") },
  );
  const created = topics.flatMap((topic) => (topic.error === undefined ? [topic.topicId] : []));
  if (!validateOnly) {
    const areThere = (image: ClusterImage): boolean =>
      created.every((topicId) => image.topicNames.has(topicId));
    await cache.waitFor(areThere, Math.max(0, deadline - clock.monotonic()));
  }
  return {
    topics: topics.map((topic) => {
      if (topic.error !== undefined) return { topic: topic.name, error: itemError(topic.error) };
      const { name, topicId, partitions: numPartitions, replicationFactor } = topic;
      const plan = { topic: name, numPartitions, replicationFactor };
      const obstacle = validateOnly ? undefined : obstacleOf(name, numPartitions, dependencies);
      if (obstacle !== undefined) return { topic: name, error: obstacle };
      return validateOnly ? plan : { ...plan, topicId };
    }),
  };
}

/** The only broker there is has no room: a topic could be recorded, but never served. */
function nowhereToGo({ cache, diskFull }: TopicCallDependencies): ZoologError | undefined {
  const brokers = cache.image?.brokers.size ?? 0;
  return brokers > 1 ? undefined : diskFull();
}

/** Why a topic that was created is not served, where this broker leads it and knows. */
function obstacleOf(
  topic: string,
  numPartitions: number,
  { replicas }: TopicCallDependencies,
): ItemError | undefined {
  for (let partition = 0; partition < numPartitions; partition++) {
    const obstacle = replicas.obstacle({ topic, partition });
    if (obstacle === undefined) continue;
    const message = `the topic was created, but ${topic}-${partition} waits: ${obstacle.message}`;
    return { code: obstacle.error, message };
  }
  return undefined;
}

/** The same for deletion: afterwards this broker no longer serves the topics. */
export async function deleteTopics(
  request: DeleteTopicsRequest,
  dependencies: TopicCallDependencies,
): Promise<DeleteTopicsResponse> {
  const { controller, cache, clock, scheduler } = dependencies;
  const { timeoutMs } = request;
  const deadline = clock.monotonic() + timeoutMs;
  const refused = otherIncarnations(request, controller.image);
  const wanted = request.topics.map(({ topic }) => topic).filter((name) => !refused.has(name));
  const { topics } = await within(
    controller.submit<DeleteTopicsEvent>({ type: "deleteTopics", topics: wanted }),
    { timeoutMs, scheduler, onTimeout: () => requestTimedOut("the deletion of topics") },
  );
  const deleted = topics.filter((topic) => topic.error === undefined);
  const areGone = (image: ClusterImage): boolean =>
    deleted.every(
      ({ name, topicId }) =>
        (topicId === undefined || !image.topicNames.has(topicId)) &&
        !image.unreadableTopics.has(name),
    );
  await cache.waitFor(areGone, Math.max(0, deadline - clock.monotonic()));
  const results = new Map(topics.map((result) => [result.name, result]));
  return {
    topics: request.topics.map(({ topic }) => {
      const result = results.get(topic);
      const refusal = refused.get(topic);
      if (refusal !== undefined) return { topic, error: refusal };
      assert(result !== undefined, "the controller answers for every topic");
      if (result.error !== undefined) return { topic, error: itemError(result.error) };
      const { topicId } = result;
      return topicId === undefined ? { topic } : { topic, topicId };
    }),
  };
}

/** A caller that names a topic id wants that topic gone, not one made anew under its name. */
function otherIncarnations(
  request: DeleteTopicsRequest,
  image: ClusterImage | undefined,
): ReadonlyMap<string, ItemError> {
  const refused = new Map<string, ItemError>();
  for (const { topic, topicId } of request.topics) {
    if (topicId === undefined || topicId === image?.topics.get(topic)?.topicId) continue;
    const message = `the topic named ${topic} is not ${topicId}`;
    refused.set(topic, { code: "UNKNOWN_TOPIC_ID", message });
  }
  return refused;
}

function itemError({ code, message }: Refusal): ItemError {
  return { code, message };
}
