import type {
  CommittedOffsetsResponse,
  ErrorCode,
  KafkaRequest,
  KafkaResponse,
} from "@zoolog/protocol";
import type { RequestContext } from "../../request-context.ts";
import type { KafkaHandler } from "../../request-dispatch.ts";
import { givenFields } from "../given-fields.ts";
import { assertGroupCount } from "./asked-groups.ts";
import { groupErrorOf, refusedWith } from "./group-errors.ts";
import type { GroupParts } from "./group-parts.ts";

type AskedTopics = KafkaRequest<"OffsetFetch">["topics"];
type AskedGroup = {
  readonly groupId: string;
  readonly memberId?: string | undefined;
  readonly memberEpoch?: number | undefined;
  readonly topics: AskedTopics;
};
type Found = CommittedOffsetsResponse["topics"][number];
type ToldGroup = NonNullable<KafkaResponse<"OffsetFetch">["groups"]>[number];
type ToldTopic = ToldGroup["topics"][number];
type ToldPartition = ToldTopic["partitions"][number];

/** The version from which a group that fails has an error of its own. */
const GROUP_ERROR_FROM = 2;
/** The version from which several groups are asked for at once (KIP-709). */
const BATCHED_FROM = 8;

/** Of all groups of an answer, but for the last: that of one group has its own limits. */
const ANSWER_BYTES_MAX = 32 * 1024 * 1024;
/** Of a partition in memory, beside its metadata. */
const PARTITION_BYTES = 128;

/**
 * What stands in ZooKeeper. Nothing is ever pending there, so whoever wants stable offsets only has
 * them.
 */
export function offsetFetch({ api }: GroupParts): KafkaHandler<"OffsetFetch"> {
  return async ({ groups, groupId, topics }, context) => {
    const { apiVersion } = context;
    if (apiVersion >= BATCHED_FROM) return { groups: await offsetsOfAll(groups, context, api) };
    const told = await offsetsOf({ groupId, topics }, context, api);
    const { errorCode } = told;
    if (errorCode === undefined || apiVersion >= GROUP_ERROR_FROM) return told;
    return { topics: (topics ?? []).map((topic) => failed(topic, errorCode)) };
  };
}

/** One after the other: each asks ZooKeeper. */
async function offsetsOfAll(
  groups: readonly AskedGroup[],
  context: RequestContext,
  api: GroupParts["api"],
): Promise<readonly ToldGroup[]> {
  assertGroupCount(groups.length);
  const all: ToldGroup[] = [];
  let room = ANSWER_BYTES_MAX;
  for (const group of groups) {
    const { groupId } = group;
    const told: ToldGroup =
      room > 0
        ? await offsetsOf(group, context, api)
        : { groupId, topics: [], errorCode: "MESSAGE_TOO_LARGE" };
    room -= bytesOf(told);
    all.push(told);
  }
  return all;
}

function bytesOf({ topics }: ToldGroup): number {
  let bytes = 0;
  for (const { partitions } of topics) {
    for (const { metadata } of partitions) bytes += PARTITION_BYTES + (metadata?.length ?? 0);
  }
  return bytes;
}

async function offsetsOf(
  { groupId, memberId, memberEpoch, topics }: AskedGroup,
  context: RequestContext,
  api: GroupParts["api"],
): Promise<ToldGroup> {
  const asked = topics?.map(({ name, partitionIndexes }) => ({
    topic: name,
    partitions: partitionIndexes,
  }));
  try {
    const request = givenFields({ groupId, memberId, memberEpoch, topics: asked });
    const told = await api.groups["committed-offsets"](request, context);
    return { groupId, topics: told.topics.map(toldTopic) };
  } catch (error) {
    return { groupId, topics: [], errorCode: refusedWith(error) };
  }
}

function toldTopic({ topic, partitions }: Found): ToldTopic {
  return { name: topic, partitions: partitions.map(toldPartition) };
}

function toldPartition(found: Found["partitions"][number]): ToldPartition {
  const { partition: partitionIndex } = found;
  if ("error" in found) return nothing(partitionIndex, groupErrorOf(found.error.code));
  const { offset: committedOffset, leaderEpoch, metadata = "" } = found;
  if (committedOffset === undefined) return nothing(partitionIndex);
  return { partitionIndex, committedOffset, committedLeaderEpoch: leaderEpoch, metadata };
}

function failed(
  { name, partitionIndexes }: NonNullable<AskedTopics>[number],
  errorCode: ErrorCode,
): ToldTopic {
  return { name, partitions: partitionIndexes.map((index) => nothing(index, errorCode)) };
}

/** The text is empty, never null, as Kafka has it. */
function nothing(partitionIndex: number, errorCode?: ErrorCode): ToldPartition {
  return { partitionIndex, metadata: "", errorCode };
}
