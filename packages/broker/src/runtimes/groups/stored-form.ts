import { unreachable } from "@zoolog/base";
import type {
  GroupChange,
  GroupZnode,
  MemberZnode,
  StoredGroup as StoredZnodes,
} from "@zoolog/coordination";
import type {
  DurableGroupRecord,
  GroupValue,
  MemberValue,
  StoredGroup,
} from "@zoolog/group-coordinator";

/** The core's records as what the store writes, and what the store has read as what the core loads. */

export function groupChange(groupId: string, record: DurableGroupRecord): GroupChange {
  switch (record.type) {
    case "groupChanged":
      return { type: "group", groupId, value: groupZnode(record.value) };
    case "groupDeleted":
      return { type: "group", groupId, value: undefined };
    case "memberChanged": {
      const { memberId, value } = record;
      return { type: "member", groupId, memberId, value: memberZnode(value) };
    }
    case "memberRemoved":
      return { type: "member", groupId, memberId: record.memberId, value: undefined };
    case "offsetCommitted": {
      const { topic, partition, value } = record;
      const { timestamp: committedAt, ...rest } = value;
      return { type: "offset", groupId, topic, partition, value: { committedAt, ...rest } };
    }
    case "offsetDeleted": {
      const { topic, partition } = record;
      return { type: "offset", groupId, topic, partition, value: undefined };
    }
    default:
      return unreachable(record);
  }
}

export function storedGroup({ group, members, incomplete }: StoredZnodes): StoredGroup {
  const isWhole = !incomplete;
  return {
    value: groupValue(group),
    members: new Map(
      members.map(({ memberId, member }) => [memberId, memberValue(member, isWhole)]),
    ),
  };
}

function groupZnode(value: GroupValue): GroupZnode {
  if (value.type === "consumer") {
    const { type, epoch: groupEpoch, assignmentEpoch, assignor } = value;
    return { type, groupEpoch, assignmentEpoch, assignor };
  }
  const { type, generation: generationId, protocol: protocolName, leader } = value;
  const protocolType = value.protocolType === "" ? undefined : value.protocolType;
  return { type, generationId, protocolType, protocolName, leader };
}

function groupValue(znode: GroupZnode): GroupValue {
  if (znode.type === "consumer") {
    const { type, groupEpoch: epoch, assignmentEpoch } = znode;
    return { type, epoch, assignmentEpoch, assignor: znode.assignor ?? "" };
  }
  const { type, generationId: generation, protocolName: protocol, leader } = znode;
  return { type, generation, protocolType: znode.protocolType ?? "", protocol, leader };
}

function memberZnode(value: MemberValue): MemberZnode {
  if (value.type === "classic") {
    const { groupInstanceId: instanceId, generation: generationId, ...rest } = value;
    return { ...rest, instanceId, generationId };
  }
  const { groupInstanceId, rack, epoch, previousEpoch, ...rest } = value;
  return {
    ...rest,
    instanceId: groupInstanceId,
    rackId: rack,
    memberEpoch: epoch,
    previousMemberEpoch: previousEpoch,
  };
}

/** The generation of nobody: a member that has it joins anew. */
const NO_GENERATION = -1;

/** @param isWhole false: members' assignments may be of different writes, so that none counts. */
function memberValue(znode: MemberZnode, isWhole: boolean): MemberValue {
  if (znode.type === "classic") {
    const { instanceId: groupInstanceId, generationId, ...rest } = znode;
    return { ...rest, groupInstanceId, generation: isWhole ? generationId : NO_GENERATION };
  }
  const { instanceId, rackId, memberEpoch, previousMemberEpoch, ...rest } = znode;
  return {
    ...rest,
    groupInstanceId: instanceId,
    rack: rackId,
    epoch: memberEpoch,
    previousEpoch: previousMemberEpoch,
  };
}
