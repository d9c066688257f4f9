import { assert, unreachable } from "@zoolog/base";
import { ClassicDraft, emptyClassicGroup } from "./state/classic-draft.ts";
import { ConsumerDraft, emptyConsumerGroup } from "./state/consumer-draft.ts";
import type { GroupRecord } from "./state/group-record.ts";
import type { GroupState } from "./state/group-state.ts";
import type { GroupValue, MemberValue } from "./state/stored-group.ts";

/** What a record means. `undefined`: there is no group. */
export function apply(group: GroupState | undefined, record: GroupRecord): GroupState | undefined {
  return applyAll(group, [record]);
}

/** The same for all records of a decision; costs one copy of what changes. */
export function applyAll(
  group: GroupState | undefined,
  records: readonly GroupRecord[],
): GroupState | undefined {
  let draft = group === undefined ? undefined : draftOf(group);
  let isChanged = false;
  for (const record of records) {
    if (record.type === "offsetCommitted" || record.type === "offsetDeleted") continue;
    isChanged = true;
    if (record.type === "groupDeleted" || record.type === "groupForgotten") draft = undefined;
    else if (record.type === "groupChanged") draft = changeGroup(draft, record.value);
    else if (record.type === "rebalanceProgressed") {
      draft = classicDraft(draft);
      draft.progress = record.progress;
    } else change(draft, record);
  }
  return isChanged ? draft?.finish() : group;
}

type Draft = ClassicDraft | ConsumerDraft;

function draftOf(group: GroupState): Draft {
  return group.type === "classic" ? new ClassicDraft(group) : new ConsumerDraft(group);
}

function changeGroup(draft: Draft | undefined, value: GroupValue): Draft {
  if (value.type === "classic") {
    const changed = classicDraft(draft);
    changed.storeGroup(value);
    return changed;
  }
  assert(
    draft === undefined || !isClassic(draft) || draft.members.size === 0,
    "only an empty group changes its type",
  );
  const changed =
    draft !== undefined && !isClassic(draft)
      ? draft
      : new ConsumerDraft(emptyConsumerGroup(value.epoch, value.assignor));
  assert(value.epoch >= changed.value.epoch, "group epochs never fall");
  changed.value = value;
  return changed;
}

function classicDraft(draft: Draft | undefined): ClassicDraft {
  if (draft !== undefined && isClassic(draft)) return draft;
  assert(draft === undefined || draft.members.size === 0, "only an empty group changes its type");
  return new ClassicDraft(emptyClassicGroup(0, { isStored: draft !== undefined }));
}

type MemberRecord = Exclude<
  GroupRecord,
  {
    type:
      | "groupChanged"
      | "groupDeleted"
      | "groupForgotten"
      | "rebalanceProgressed"
      | "offsetCommitted"
      | "offsetDeleted";
  }
>;

function change(draft: Draft | undefined, record: MemberRecord): void {
  assert(draft !== undefined, () => `${record.type} is about a group that exists`);
  switch (record.type) {
    case "memberChanged":
      changeMember(draft, record.memberId, record.value);
      return;
    case "memberRemoved":
      if (isClassic(draft)) draft.unstoreMember(record.memberId);
      else draft.removeMember(record.memberId);
      return;
    case "memberProgressed":
      assert(isClassic(draft), "only classic members progress in memory");
      draft.setMember(record.memberId, record.member);
      return;
    case "memberDropped":
      assert(isClassic(draft), "only classic members are dropped in memory");
      draft.dropMember(record.memberId);
      return;
    case "targetsVerified":
      assert(!isClassic(draft), "only server-side groups have targets");
      draft.targetsVerified = true;
      return;
    default:
      unreachable(record);
  }
}

function changeMember(draft: Draft, memberId: string, value: MemberValue): void {
  if (value.type === "classic") {
    assert(isClassic(draft), "a classic member is in a classic group");
    draft.storeMember(memberId, value);
    return;
  }
  assert(!isClassic(draft), "a server-side member is in a server-side group");
  const former = draft.members.get(memberId);
  assert(former === undefined || value.epoch >= former.epoch, "member epochs never fall");
  draft.setMember(memberId, value);
}

function isClassic(draft: Draft): draft is ClassicDraft {
  return draft instanceof ClassicDraft;
}
