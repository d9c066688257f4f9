import { leaderEpoch } from "@zoolog/base";
import { generationRefusal, rebalancing, sessionTimers } from "./classic/classic-calls.ts";
import type { GroupDecision } from "./decision.ts";
import { refuse } from "./decision.ts";
import type { GroupContext } from "./group-context.ts";
import type { CommitOffsetsEvent, CommittedTopic } from "./group-event.ts";
import type { GroupRefusal, PartitionResult } from "./group-reply.ts";
import { memberRefusal, unknownMember } from "./member-identity.ts";
import type { GroupRecord } from "./state/group-record.ts";
import type { GroupState } from "./state/group-state.ts";

/**
 * Whether these offsets may be committed: by a member of the present generation or epoch, or, while
 * the group is empty, by anybody who claims no generation (an operator, a simple consumer).
 */
export function decideCommitOffsets(
  group: GroupState | undefined,
  event: CommitOffsetsEvent,
  context: GroupContext,
): GroupDecision {
  const refusal = commitRefusal(group, event);
  if (refusal !== undefined) return refuse(event.requestId, refusal);

  const offsets: GroupRecord[] = [];
  const partitions: PartitionResult[] = [];
  for (const { topic, partitions: committed } of event.topics) {
    for (const one of committed) {
      const error = partitionRefusal(topic, one, context);
      partitions.push({ topic, partition: one.partition, error });
      if (error === undefined) offsets.push(offsetRecord(topic, one, context));
    }
  }
  const isFirst = group === undefined || isUnstored(group);
  return {
    records: isFirst ? firstOffsets(group, offsets) : offsets,
    replies: [{ requestId: event.requestId, response: { type: "commitOffsets", partitions } }],
    timers: group?.type === "classic" ? sessionTimers(group, event.memberId ?? "") : [],
  };
}

type CommittedPartition = CommittedTopic["partitions"][number];

function partitionRefusal(
  topic: string,
  { partition, metadata = "" }: CommittedPartition,
  { topics, settings }: GroupContext,
): GroupRefusal | undefined {
  const known = topics.topic(topic);
  if (known === undefined || partition < 0 || partition >= known.partitions) {
    const message = `topic ${topic} has no partition ${partition}`;
    return { code: "UNKNOWN_TOPIC_OR_PARTITION", message };
  }
  const max = settings.offsetMetadataBytesMax;
  if (metadata.length <= max && utf8Length(metadata) <= max) return undefined;
  const message = `metadata of an offset has at most ${max} bytes (offset.metadata.max.bytes)`;
  return { code: "OFFSET_METADATA_TOO_LARGE", message };
}

function offsetRecord(
  topic: string,
  { partition, offset, leaderEpoch: epoch, metadata = "" }: CommittedPartition,
  { topics, now }: GroupContext,
): GroupRecord {
  const topicId = topics.topic(topic)?.topicId;
  if (offset === undefined || topicId === undefined) {
    return { type: "offsetDeleted", topic, partition };
  }
  const known = epoch === undefined ? undefined : leaderEpoch(epoch);
  const value = { offset, leaderEpoch: known, metadata, timestamp: now, topicId };
  return { type: "offsetCommitted", topic, partition, value };
}

function isUnstored(group: GroupState): boolean {
  return group.type === "classic" && !group.isStored;
}

/** They make a group where none is stored yet; it has none to forget. */
function firstOffsets(
  group: GroupState | undefined,
  offsets: readonly GroupRecord[],
): readonly GroupRecord[] {
  const committed = offsets.filter(({ type }) => type === "offsetCommitted");
  return committed.length === 0 ? [] : [groupOfOffsets(group), ...committed];
}

/** A group that only keeps offsets; what it was in memory stays as it is. */
function groupOfOffsets(group: GroupState | undefined): GroupRecord {
  const classic = group?.type === "classic" ? group : undefined;
  return {
    type: "groupChanged",
    value: {
      type: "classic",
      generation: classic?.generation ?? 0,
      protocolType: classic?.protocolType ?? "",
      protocol: classic?.protocol,
      leader: classic?.leader,
    },
  };
}

function commitRefusal(
  group: GroupState | undefined,
  event: CommitOffsetsEvent,
): GroupRefusal | undefined {
  const { memberId, generationIdOrMemberEpoch: epoch, groupInstanceId } = event;
  if (epoch === undefined && (group === undefined || isEmpty(group))) return undefined;
  if (memberId === undefined) {
    return unknownMember("who has no member id, while others are in it,");
  }
  if (group === undefined) return unknownMember(memberId);
  if (group.type === "consumer") {
    const refusal = memberRefusal(group, memberId, groupInstanceId);
    if (refusal !== undefined) return refusal;
    const member = group.members.get(memberId);
    if (member !== undefined && member.epoch === epoch && !member.isAway) return undefined;
    const message = `the member's epoch is ${member?.epoch}, not ${epoch ?? "none"}`;
    return { code: "STALE_MEMBER_EPOCH", message };
  }
  const refusal = generationRefusal(group, { memberId, groupInstanceId, generationId: epoch });
  if (refusal !== undefined) return refusal;
  return group.state === "CompletingRebalance" ? rebalancing() : undefined;
}

/** Nobody is in the group, or on the way into it. */
function isEmpty(group: GroupState): boolean {
  return group.type === "classic" ? group.state === "Empty" : group.members.size === 0;
}

/** Bytes that `text` takes in UTF-8. */
function utf8Length(text: string): number {
  let length = 0;
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    length += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  }
  return length;
}
