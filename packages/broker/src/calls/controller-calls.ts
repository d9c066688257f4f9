import { assert, type TopicId, unreachable } from "@zoolog/base";
import type { PeerCalls } from "@zoolog/calls";
import type {
  AlteredPartition,
  AlterPartitionEvent,
  AlterPartitionResponse,
  ControlledShutdownEvent,
  ControllerErrorCode,
  ControllerResponse,
  IsrChange,
  Refusal,
  ReplicasDeletedEvent,
  ReplicasOfflineEvent,
} from "@zoolog/controller";
import type {
  AlterPartitionResponse as AlterPartitionAnswer,
  AlterPartitionRequest,
  ItemError,
} from "@zoolog/protocol";
import type { PeerApi, PeerContext } from "../peer-api.ts";
import type { BrokerEvent, Unanswered } from "../runtimes/controller/controller-link.ts";
import type { ControllerRuntime } from "../runtimes/controller/controller-runtime.ts";
import type { ImageNews, ImagePoll, ImageService } from "../runtimes/image/image-service.ts";
import { imageDeltaMessage, imageDeltaOf } from "./image-delta-message.ts";

/** What brokers ask the controller, as events of its core and as messages between brokers. */

/** The controller's side. Who calls is the authenticated broker, never what a message says. */
export function controllerPeerApi(parts: {
  readonly controller: ControllerRuntime;
  readonly images: ImageService;
}): Pick<
  PeerApi,
  "alterPartition" | "clusterImage" | "controlledShutdown" | "replicasDeleted" | "replicasOffline"
> {
  const { controller, images } = parts;
  return {
    clusterImage: async (request, { principal, signal }) => {
      const { delta } = await images.poll(request, { ...principal, signal });
      return delta === undefined ? {} : { delta: imageDeltaMessage(delta) };
    },
    alterPartition: async (request, context) => {
      const changes = isrChangesOf(request);
      const event = { type: "alterPartition", ...lifeOf(context), changes } as const;
      return alterPartitionAnswer(await controller.submit<AlterPartitionEvent>(event));
    },
    replicasOffline: async ({ replicas, recovered }, context) => {
      const event = { type: "replicasOffline", ...lifeOf(context), replicas, recovered } as const;
      const { error } = await controller.submit<ReplicasOfflineEvent>(event);
      return error === undefined ? {} : { error };
    },
    replicasDeleted: async ({ topicIds }, context) => {
      const { brokerId } = lifeOf(context);
      const event = { type: "replicasDeleted", brokerId, topicIds } as const;
      await controller.submit<ReplicasDeletedEvent>(event);
      return {};
    },
    controlledShutdown: async (_request, context) => {
      const event = { type: "controlledShutdown", ...lifeOf(context) } as const;
      const { error, remaining } = await controller.submit<ControlledShutdownEvent>(event);
      return error === undefined ? { remaining } : { error, remaining };
    },
  };
}

function lifeOf({ principal: { brokerId, brokerEpoch } }: PeerContext) {
  return { brokerId, brokerEpoch };
}

/** The other side: the event as the call of its name. */
export async function sendToController(
  calls: PeerCalls,
  endpoint: string,
  event: Unanswered<BrokerEvent>,
  options: { readonly timeoutMs: number },
): Promise<ControllerResponse> {
  const { type } = event;
  switch (type) {
    case "alterPartition": {
      const request = alterPartitionRequest(event.changes);
      const answer = await calls.call(endpoint, "alter-partition", request, options);
      return alterPartitionResponse(answer);
    }
    case "replicasOffline": {
      const { replicas, recovered = [] } = event;
      const request = { replicas, recovered };
      const { error } = await calls.call(endpoint, "replicas-offline", request, options);
      return error === undefined ? { type } : { type, error: refusalOf(error) };
    }
    case "replicasDeleted":
      await calls.call(endpoint, "replicas-deleted", { topicIds: event.topicIds }, options);
      return { type };
    case "controlledShutdown": {
      const answer = await calls.call(endpoint, "controlled-shutdown", {}, options);
      const { error, remaining } = answer;
      return error === undefined
        ? { type, remaining }
        : { type, error: refusalOf(error), remaining };
    }
    default:
      return unreachable(type);
  }
}

export async function pollController(
  calls: PeerCalls,
  endpoint: string,
  { controllerEpoch, version, maxWaitMs }: ImagePoll,
  options: { readonly signal: AbortSignal; readonly timeoutMs: number },
): Promise<ImageNews> {
  const request = {
    maxWaitMs,
    ...(controllerEpoch === undefined ? {} : { controllerEpoch }),
    ...(version === undefined ? {} : { version }),
  };
  const { delta } = await calls.call(endpoint, "cluster-image", request, options);
  return delta === undefined ? {} : { delta: imageDeltaOf(delta) };
}

function isrChangesOf({ topics }: AlterPartitionRequest): IsrChange[] {
  return topics.flatMap(({ topicId, partitions }) =>
    partitions.map((partition) => ({ topicId, ...partition })),
  );
}

function alterPartitionRequest(changes: readonly IsrChange[]): AlterPartitionRequest {
  return { topics: byTopic(changes, ({ topicId: _, ...partition }) => partition) };
}

function alterPartitionAnswer(response: AlterPartitionResponse): AlterPartitionAnswer {
  const topics = byTopic(response.partitions, (altered) => {
    const { partition } = altered;
    if (altered.error !== undefined) return { partition, error: altered.error };
    const { partitionEpoch } = altered;
    const { leader, leaderEpoch, isr } = altered.state;
    const state = { partition, leaderEpoch, isr, partitionEpoch };
    return leader === undefined ? state : { ...state, leader };
  });
  return response.error === undefined ? { topics } : { error: response.error, topics };
}

/** What of the state the message leaves out, the asking leader has no use for. */
function alterPartitionResponse({ error, topics }: AlterPartitionAnswer): AlterPartitionResponse {
  const type = "alterPartition";
  const partitions = topics.flatMap(({ topicId, partitions: altered }) =>
    altered.map((each): AlteredPartition => ({ topicId, ...alteredPartition(each) })),
  );
  return error === undefined ? { type, partitions } : { type, error: refusalOf(error), partitions };
}

type PartitionAnswer = AlterPartitionAnswer["topics"][number]["partitions"][number];

function alteredPartition(answer: PartitionAnswer) {
  const { partition } = answer;
  if ("error" in answer) return { partition, error: refusalOf(answer.error) };
  const { leader, leaderEpoch, isr, partitionEpoch } = answer;
  return { partition, state: { leader, leaderEpoch, isr }, partitionEpoch };
}

/** Only a controller answers these, in its own words. */
function refusalOf({ code, message }: ItemError): Refusal {
  return { code: code as ControllerErrorCode, message };
}

function byTopic<Item extends { readonly topicId: TopicId }, Entry>(
  items: readonly Item[],
  entryOf: (item: Item) => Entry,
): { readonly topicId: TopicId; readonly partitions: readonly Entry[] }[] {
  const topics = new Map<TopicId, Entry[]>();
  for (const item of items) {
    const entries = topics.get(item.topicId);
    if (entries === undefined) topics.set(item.topicId, [entryOf(item)]);
    else entries.push(entryOf(item));
  }
  return [...topics].map(([topicId, partitions]) => {
    assert(partitions.length > 0, "a topic is there for its partitions");
    return { topicId, partitions };
  });
}
