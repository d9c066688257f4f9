import { ClassicDraft, emptyClassicGroup, idleMember } from "./state/classic-draft.ts";
import type { ClassicGroup } from "./state/classic-group.ts";
import { ConsumerDraft, emptyConsumerGroup } from "./state/consumer-draft.ts";
import type { ConsumerGroup } from "./state/consumer-group.ts";
import type { GroupState } from "./state/group-state.ts";
import { filterPartitions } from "./state/partition-map.ts";
import type {
  ClassicGroupValue,
  ClassicMemberValue,
  ConsumerGroupValue,
  ConsumerMemberValue,
  MemberValue,
  PartitionMap,
  StoredGroup,
} from "./state/stored-group.ts";

/**
 * The group as a new coordinator finds it in ZooKeeper. What was stable stays stable. Follow it
 * with the event `groupLoaded`: sessions begin anew.
 *
 * The old coordinator may have died between two of its writes, so that what stands here is any
 * beginning of what it decided. Nothing decided after that was ever told to a member.
 */
export function load(stored: StoredGroup): GroupState {
  const { value, members } = stored;
  if (value?.type === "consumer") {
    return loadConsumer(value, membersOf(members, isConsumerMember));
  }
  return loadClassic(value, membersOf(members, isClassicMember));
}

const isClassicMember = (value: MemberValue): value is ClassicMemberValue =>
  value.type === "classic";
const isConsumerMember = (value: MemberValue): value is ConsumerMemberValue =>
  value.type === "consumer";

function membersOf<Value extends MemberValue>(
  members: ReadonlyMap<string, MemberValue>,
  isOfType: (value: MemberValue) => value is Value,
): Map<string, Value> {
  const found = new Map<string, Value>();
  for (const [memberId, value] of members) if (isOfType(value)) found.set(memberId, value);
  return found;
}

function loadClassic(
  value: ClassicGroupValue | undefined,
  members: ReadonlyMap<string, ClassicMemberValue>,
): ClassicGroup {
  const draft = new ClassicDraft(emptyClassicGroup(0, { isStored: true }));
  if (value !== undefined) draft.storeGroup(value);
  for (const [memberId, member] of members) draft.storeMember(memberId, member);
  // A static member that was being replaced may stand there twice: one of them is enough, and the
  // process, which had no answer yet, replaces it again.
  for (const [memberId, { groupInstanceId }] of members) {
    if (groupInstanceId !== undefined && draft.instances.get(groupInstanceId) !== memberId) {
      draft.dropMember(memberId);
    }
  }
  if (draft.members.size === 0) return draft.finish();

  const generations = [...draft.members.values()].map((member) => member.generation);
  const generation = generations.reduce((a, b) => Math.max(a, b), value?.generation ?? 0);
  const { protocol, leader } = draft.progress;
  const isWhole =
    generations.every((each) => each === value?.generation) &&
    protocol !== undefined &&
    leader !== undefined &&
    draft.members.has(leader);
  if (isWhole) {
    draft.progress = { ...draft.progress, state: "Stable" };
    return draft.finish();
  }
  // The write of a generation was cut off: assignments of two stand side by side. All join again.
  for (const [memberId, member] of members) {
    if (draft.members.has(memberId)) {
      draft.setMember(memberId, { ...idleMember(member), hasSynced: false });
    }
  }
  draft.progress = { ...draft.progress, state: "PreparingRebalance", generation };
  return draft.finish();
}

function loadConsumer(
  value: ConsumerGroupValue,
  members: ReadonlyMap<string, ConsumerMemberValue>,
): ConsumerGroup {
  // Targets and members are written after the epoch that they follow, but a hand may have changed it.
  let epoch = Math.max(value.epoch, value.assignmentEpoch);
  for (const member of members.values()) epoch = Math.max(epoch, member.epoch);

  const draft = new ConsumerDraft(emptyConsumerGroup(epoch, value.assignor));
  draft.value = { ...value, epoch };
  draft.targetsVerified = false;
  const newestFirst = [...members].sort(([, a], [, b]) => b.epoch - a.epoch || presence(a, b));
  for (const [memberId, member] of newestFirst) {
    const instance = member.groupInstanceId;
    if (instance !== undefined && draft.instances.has(instance)) continue;
    const assigned = unowned(draft, member.assigned);
    const revoking = unowned(draft, member.revoking);
    draft.setMember(memberId, { ...member, assigned, revoking });
  }
  return draft.finish();
}

/** Who came back stands before who is away. */
function presence(a: ConsumerMemberValue, b: ConsumerMemberValue): number {
  return Number(a.isAway) - Number(b.isAway);
}

/**
 * What nobody has who was loaded before. A partition is given to the next member after its former
 * one gave it up, and under a higher epoch: where it stands at both, the former one's record is old.
 */
function unowned(draft: ConsumerDraft, partitions: PartitionMap): PartitionMap {
  return filterPartitions(partitions, (topicId) => {
    const owners = draft.ownersOf(topicId);
    return owners === undefined ? undefined : (partition) => owners[partition] === undefined;
  });
}
