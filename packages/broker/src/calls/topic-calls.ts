import {
  assert,
  type BrokerId,
  type Random,
  type TopicId,
  topicIdFromBytes,
  type ZoologError,
} from "@zoolog/base";
import type { ClusterImage, CreateTopicsEvent, DeleteTopicsEvent } from "@zoolog/controller";
import type {
  CreateTopicsRequest,
  CreateTopicsResponse,
  DeleteTopicsRequest,
  DeleteTopicsResponse,
  ItemError,
} from "@zoolog/protocol";
import type { ReplicaManager } from "@zoolog/replication";
import type { Principal } from "../principal.ts";
import { requestTimedOut } from "../runtimes/errors.ts";
import { within } from "../within.ts";
import { atController, type ControllerCallDependencies, itemError } from "./at-controller.ts";

export type TopicCallDependencies = ControllerCallDependencies & {
  readonly brokerId: BrokerId;
  readonly replicas: Pick<ReplicaManager, "obstacle">;
  /** Why the data folder here takes nothing more; `undefined` while it does. */
  readonly diskFull: () => ZoologError | undefined;
  readonly random: Random;
};

/** Starting points of the balanced assignment; any large number spreads topics over brokers. */
const ASSIGNMENT_STARTS = 2 ** 20;

/**
 * Asks the controller, wherever it is, then waits until this broker has put the new topics into
 * effect: who creates a topic here can use it here.
 */
export async function createTopics(
  request: CreateTopicsRequest,
  caller: Principal,
  dependencies: TopicCallDependencies,
): Promise<CreateTopicsResponse> {
  return atController(request, caller, dependencies, {
    here: (timeLeft) => createHere({ ...request, ...timeLeft }, dependencies),
    there: async (endpoint, timeLeft, options) => {
      const { peers, cache } = dependencies;
      const passed = { ...request, ...timeLeft };
      const response = await peers.call(endpoint, "create-topics", passed, options);
      const created = response.topics.flatMap((topic) =>
        "error" in topic || topic.topicId === undefined ? [] : [topic.topicId],
      );
      await cache.waitFor(
        (image) => created.every((id) => image.topicNames.has(id)),
        timeLeft.timeoutMs,
      );
      return response;
    },
  });
}

async function createHere(
  request: CreateTopicsRequest,
  dependencies: TopicCallDependencies,
): Promise<CreateTopicsResponse> {
  const { controller, cache, random, clock, scheduler } = dependencies;
  const { validateOnly, timeoutMs } = request;
  const deadline = clock.monotonic() + timeoutMs;
  const { topics } = await within(
    controller.submit<CreateTopicsEvent>({
      type: "createTopics",
      validateOnly,
      fullBrokers: fullBrokers(dependencies),
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

/** Of its own disk the controller's broker knows; those of others speak up when they are asked. */
export function fullBrokers({
  brokerId,
  diskFull,
}: TopicCallDependencies): ReadonlyMap<BrokerId, string> {
  const full = diskFull();
  return new Map(full === undefined ? [] : [[brokerId, full.message]]);
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
  caller: Principal,
  dependencies: TopicCallDependencies,
): Promise<DeleteTopicsResponse> {
  return atController(request, caller, dependencies, {
    here: (timeLeft) => deleteHere({ ...request, ...timeLeft }, dependencies),
    there: async (endpoint, timeLeft, options) => {
      const { peers, cache } = dependencies;
      const passed = { ...request, ...timeLeft };
      const response = await peers.call(endpoint, "delete-topics", passed, options);
      const deleted = response.topics.flatMap((topic) =>
        "error" in topic ? [] : [{ name: topic.topic, topicId: topic.topicId }],
      );
      await cache.waitFor((image) => areGone(deleted, image), timeLeft.timeoutMs);
      return response;
    },
  });
}

function areGone(
  topics: readonly { readonly name: string; readonly topicId?: TopicId | undefined }[],
  image: ClusterImage,
): boolean {
  return topics.every(
    ({ name, topicId }) =>
      (topicId === undefined || !image.topicNames.has(topicId)) &&
      !image.unreadableTopics.has(name),
  );
}

async function deleteHere(
  request: DeleteTopicsRequest,
  dependencies: TopicCallDependencies,
): Promise<DeleteTopicsResponse> {
  const { controller, cache, clock, scheduler } = dependencies;
  const { timeoutMs } = request;
  const deadline = clock.monotonic() + timeoutMs;
  const wanted = request.topics.map(({ topic: name, topicId }) => ({ name, topicId }));
  const { topics } = await within(
    controller.submit<DeleteTopicsEvent>({ type: "deleteTopics", topics: wanted }),
    { timeoutMs, scheduler, onTimeout: () => requestTimedOut("the deletion of topics") },
  );
  const deleted = topics.filter((topic) => topic.error === undefined);
  const leftMs = Math.max(0, deadline - clock.monotonic());
  await cache.waitFor((image) => areGone(deleted, image), leftMs);
  const results = new Map(topics.map((result) => [result.name, result]));
  return {
    topics: request.topics.map(({ topic }) => {
      const result = results.get(topic);
      assert(result !== undefined, "the controller answers for every topic");
      if (result.error !== undefined) return { topic, error: itemError(result.error) };
      const { topicId } = result;
      return topicId === undefined ? { topic } : { topic, topicId };
    }),
  };
}
