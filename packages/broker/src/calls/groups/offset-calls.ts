import { ZoologError } from "@zoolog/base";
import type { ClusterImage } from "@zoolog/controller";
import type { GroupStore, StoredOffset } from "@zoolog/coordination";
import type { GroupState } from "@zoolog/group-coordinator";
import type {
  CommitOffsetsRequest,
  CommitOffsetsResponse,
  CommittedOffsetsRequest,
  CommittedOffsetsResponse,
  DeleteOffsetsRequest,
  DeleteOffsetsResponse,
  ItemError,
} from "@zoolog/protocol";
import type { CallContext } from "../../broker-api.ts";
import {
  type AskedTopics,
  assertPartitionCount,
  distinctPartitions,
  existingPartitions,
} from "./asked-partitions.ts";
import { byTopic, expectResponse } from "./group-answers.ts";
import { type MemberCallParts, prompt } from "./member-calls.ts";

/** Where groups go on reading: in ZooKeeper, and nowhere else. */

export type OffsetCallParts = MemberCallParts & {
  readonly store: Pick<GroupStore, "readOffsets">;
};

type Caller = Pick<CallContext, "signal">;

export async function commitOffsets(
  request: CommitOffsetsRequest,
  caller: Caller,
  parts: OffsetCallParts,
): Promise<CommitOffsetsResponse> {
  const { groupId, memberId, generationIdOrMemberEpoch, groupInstanceId, topics } = request;
  assertPartitionCount(topics.reduce((sum, { partitions }) => sum + partitions.length, 0));
  const response = await prompt(groupId, caller, parts, (requestId) => ({
    type: "commitOffsets",
    requestId,
    memberId,
    generationIdOrMemberEpoch,
    groupInstanceId,
    topics,
  }));
  return byTopic(expectResponse(response, "commitOffsets").partitions);
}

export async function deleteOffsets(
  { groupId, topics: asked }: DeleteOffsetsRequest,
  caller: Caller,
  parts: OffsetCallParts,
): Promise<DeleteOffsetsResponse> {
  const topics = distinctPartitions(asked);
  const response = await prompt(groupId, caller, parts, (requestId) => ({
    type: "deleteOffsets",
    requestId,
    topics,
  }));
  return byTopic(expectResponse(response, "deleteOffsets").partitions);
}

/** An offset as it may be told; without `offset` the group has committed none. */
type ToldOffset = Extract<
  CommittedOffsetsResponse["topics"][number]["partitions"][number],
  { readonly offset?: unknown }
>;

/**
 * Asked of ZooKeeper by every call: an operator may have changed them by hand, and what is in memory
 * may be of a coordinator that was deposed.
 */
export async function committedOffsets(
  request: CommittedOffsetsRequest,
  parts: OffsetCallParts,
): Promise<CommittedOffsetsResponse> {
  const { runtime, store } = parts;
  const { groupId } = request;
  assertMember(request, runtime.state(groupId));
  const asked = request.topics === undefined ? undefined : distinctPartitions(request.topics);
  const { value, faults } = await store.readOffsets(groupId, wantedOf(asked, runtime.image));
  // Somebody else may have taken over while ZooKeeper was asked, and may have written more.
  const { image } = runtime;
  runtime.state(groupId);
  const stored = new Map(value.map((one) => [partitionKey(one), one]));
  const broken = new Map(faults.map(({ name, message }) => [name, message]));
  let room = ANSWER_METADATA_MAX;
  const told = (topic: string, partition: number) => {
    const fault = broken.get(`${topic}-${partition}`);
    if (fault !== undefined) {
      return { partition, error: { code: "COORDINATOR_NOT_AVAILABLE", message: fault } };
    }
    const one = stored.get(partitionKey({ topic, partition }));
    if (one === undefined) return { partition };
    room -= one.committed.metadata.length;
    return room < 0 ? { partition, error: noRoom() } : toldOffset(one, image);
  };
  const topics = asked ?? topicsOf(value, image);
  return {
    topics: topics.map(({ topic, partitions }) => ({
      topic,
      partitions: partitions.map((partition) => told(topic, partition)),
    })),
  };
}

function wantedOf(
  asked: AskedTopics | undefined,
  image: ClusterImage | undefined,
): AskedTopics | "all" {
  if (asked === undefined) return "all";
  return image === undefined ? asked : existingPartitions(asked, image);
}

/** Characters of metadata in one answer: 4,096 of the longest that the broker takes by default. */
const ANSWER_METADATA_MAX = 16 * 1024 * 1024;

function noRoom(): ItemError {
  const message = "the answer has no room left for its metadata: ask for fewer partitions at once";
  return { code: "MESSAGE_TOO_LARGE", message };
}

/** Kafka's rule: a member of a server-side group has to know its own epoch (KIP-848). */
function assertMember(
  { groupId, memberId, memberEpoch }: CommittedOffsetsRequest,
  state: GroupState | undefined,
): void {
  if (memberId === undefined || memberEpoch === undefined || state?.type !== "consumer") return;
  const member = state.members.get(memberId);
  if (member === undefined) {
    throw new ZoologError({
      code: "UNKNOWN_MEMBER_ID",
      message: `the group ${groupId} has no member ${memberId}`,
      hint: "Give up all partitions and join again as a new member.",
    });
  }
  if (member.epoch !== memberEpoch) {
    throw new ZoologError({
      code: "STALE_MEMBER_EPOCH",
      message: `the member's epoch is ${member.epoch}, not ${memberEpoch}`,
      hint: "Heartbeat first, then try again with the epoch of its answer.",
    });
  }
}

function toldOffset(stored: StoredOffset, image: ClusterImage | undefined): ToldOffset {
  const { partition, committed } = stored;
  if (!isOfThisTopic(stored, image)) return { partition };
  const { offset, leaderEpoch, metadata, committedAt } = committed;
  const known = { partition, offset, metadata, committedAt };
  return leaderEpoch === undefined ? known : { leaderEpoch, ...known };
}

/** An offset of a topic that was deleted means nothing to the one that has its name now. */
export function isOfThisTopic(
  { topic, committed: { topicId } }: StoredOffset,
  image: ClusterImage | undefined,
): boolean {
  const known = image?.topics.get(topic);
  return known !== undefined && (topicId === undefined || topicId === known.topicId);
}

/** Topics that have an offset which still means something, and its partitions in their order. */
export function topicsOf(
  offsets: readonly StoredOffset[],
  image: ClusterImage | undefined,
): AskedTopics {
  const topics = new Map<string, number[]>();
  for (const stored of offsets) {
    if (!isOfThisTopic(stored, image)) continue;
    const partitions = topics.get(stored.topic) ?? [];
    partitions.push(stored.partition);
    topics.set(stored.topic, partitions);
  }
  return [...topics].sort(byName).map(([topic, partitions]) => ({
    topic,
    partitions: partitions.sort((a, b) => a - b),
  }));
}

function byName([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : Number(a > b);
}

export function partitionKey(of: { readonly topic: string; readonly partition: number }): string {
  return `${of.topic}-${of.partition}`;
}
