import { type BrokerId, topicNameFault } from "@zoolog/base";
import type {
  KafkaRequest,
  KafkaResponse,
  MetadataResponse,
  PartitionEntry,
} from "@zoolog/protocol";
import { orRefused, type Refusal } from "../../call-failure.ts";
import { kafkaErrorOf } from "../../kafka-error.ts";
import type { RequestContext } from "../../request-context.ts";
import type { KafkaHandler } from "../../request-dispatch.ts";
import { CLUSTER_OPERATIONS, TOPIC_OPERATIONS } from "../authorized-operations.ts";
import type { HandlerParts } from "../handler-parts.ts";
import { administrator } from "./brokers-of-listener.ts";

type Answer = KafkaResponse<"Metadata">;
type NamedTopic = NonNullable<KafkaRequest<"Metadata">["topics"]>[number];
type TopicAnswer = Answer["topics"][number];
type PartitionAnswer = NonNullable<TopicAnswer["partitions"]>[number];

/** The version before which no topics named meant all of them. */
const NULL_MEANS_ALL_FROM = 1;

/** The version that knows of leaders who have no listener of the client's name. */
const LISTENER_NOT_FOUND_FROM = 6;

/**
 * How long whoever asks for all topics waits for a broker that has just started, before the connection
 * is closed: clients give up after ten seconds or more, and their operators after five.
 */
const FIRST_PICTURE_WAIT_MS = 5_000;

/**
 * Brokers by the listener that the client came in by, topics with their ids, who leads what. Topics
 * that are asked for and missing are created where the broker and the request allow it.
 *
 * A broker that knows nothing yet names no brokers, and says so of each topic that it is asked for:
 * clients ask again on the same connection. Whoever asks for all topics would be told that there are
 * none, and some clients believe that; so their answer waits until it is known.
 */
export function metadata({ api }: HandlerParts): KafkaHandler<"Metadata"> {
  return async (request, context) => {
    const { apiVersion, listener } = context;
    const asked = askedTopics(request, apiVersion, api);
    const { allowAutoTopicCreation } = request;
    const topics = asked && [...asked.names];
    const wanted = { allowAutoTopicCreation, ...(topics === undefined ? {} : { topics }) };
    if (topics === undefined) await firstPicture(api, context);
    const call = api.metadata(wanted, context);
    const found = topics === undefined ? await call : await orRefused(call);
    if ("refused" in found) return nothingKnown(request, found.refused);
    // Asked last, so that nobody leads who is not among them.
    const brokers = api.brokersAt(listener);
    const reached = new Set(brokers.map(({ brokerId }) => brokerId));
    const operations = request.includeTopicAuthorizedOperations ? TOPIC_OPERATIONS : undefined;
    return {
      brokers: brokers.map(({ brokerId: nodeId, host, port, rack }) => ({
        nodeId,
        host,
        port,
        rack,
      })),
      clusterId: found.clusterId,
      controllerId: administrator(found.controllerId, brokers),
      topics: [
        ...found.topics.map((topic) => ({
          ...topicAnswer(topic, { reached, apiVersion }),
          topicAuthorizedOperations: operations,
        })),
        ...(asked?.refused ?? []),
      ],
      clusterAuthorizedOperations: request.includeClusterAuthorizedOperations
        ? CLUSTER_OPERATIONS
        : undefined,
    };
  };
}

/** A broker that closes does not wait for it, nor for a client that has gone. */
async function firstPicture(api: HandlerParts["api"], context: RequestContext): Promise<void> {
  context.markWaiting();
  const { signal } = context;
  if (signal.aborted) return;
  const ended = new Promise<void>((resolve) => {
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
  await Promise.race([api.clusterKnown(FIRST_PICTURE_WAIT_MS), ended]);
}

function nothingKnown({ topics }: KafkaRequest<"Metadata">, { errorCode }: Refusal): Answer {
  const refused = ({ name, topicId }: NamedTopic) => ({ errorCode, name, topicId, partitions: [] });
  return { brokers: [], topics: (topics ?? []).map(refused) };
}

type Asked = { readonly names: ReadonlySet<string>; readonly refused: readonly TopicAnswer[] };

/** Each once, by name or id; `undefined` for all of them. */
function askedTopics(
  { topics }: KafkaRequest<"Metadata">,
  apiVersion: number,
  api: HandlerParts["api"],
): Asked | undefined {
  if (topics === undefined) return undefined;
  if (topics.length === 0 && apiVersion < NULL_MEANS_ALL_FROM) return undefined;
  const names = new Set<string>();
  const refused: TopicAnswer[] = [];
  for (const { name, topicId } of topics) {
    // Beside an id Java's clients write an empty name in place of none.
    const known = topicId === undefined ? name : api.topicNameOf(topicId);
    if (known === undefined) {
      refused.push({ errorCode: "UNKNOWN_TOPIC_ID", name: undefined, topicId, partitions: [] });
    } else if (topicNameFault(known) === undefined) names.add(known);
    else refused.push({ errorCode: "INVALID_TOPIC_EXCEPTION", name: known, partitions: [] });
  }
  return { names, refused };
}

type Reach = { readonly reached: ReadonlySet<BrokerId>; readonly apiVersion: number };

function topicAnswer(topic: MetadataResponse["topics"][number], reach: Reach): TopicAnswer {
  if ("error" in topic) {
    return { errorCode: kafkaErrorOf(topic.error.code), name: topic.topic, partitions: [] };
  }
  const partitions = topic.partitions.map((partition) => partitionAnswer(partition, reach));
  return { name: topic.topic, topicId: topic.topicId, isInternal: topic.isInternal, partitions };
}

function partitionAnswer(
  { partition, leader, leaderEpoch, replicas, isr, offlineReplicas }: PartitionEntry,
  { reached, apiVersion }: Reach,
): PartitionAnswer {
  const known = leader !== undefined && reached.has(leader) ? leader : undefined;
  const unreachable =
    leader !== undefined && apiVersion >= LISTENER_NOT_FOUND_FROM
      ? "LISTENER_NOT_FOUND"
      : "LEADER_NOT_AVAILABLE";
  return {
    errorCode: known === undefined ? unreachable : undefined,
    partitionIndex: partition,
    leaderId: known,
    leaderEpoch,
    replicaNodes: replicas,
    isrNodes: isr,
    offlineReplicas,
  };
}
