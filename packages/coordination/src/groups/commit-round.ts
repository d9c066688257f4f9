import type { FencedMulti } from "../fenced-multi.ts";
import { MULTI_BYTES_MAX, MULTI_OPERATIONS_MAX } from "../limits.ts";
import { operationBytes } from "../multi-chunks.ts";
import {
  groupPath,
  memberPath,
  membersPath,
  offsetPath,
  offsetsPath,
  topicOffsetsPath,
} from "../paths.ts";
import { EMPTY_GROUP } from "../znodes/group-znode.ts";
import { encodeOffset } from "../znodes/offset-znode.ts";
import { znodeName } from "./group-names.ts";
import { staleOffsetUnits } from "./stale-offsets.ts";
import { removeSubtree } from "./subtree.ts";
import type { WaitingChanges, WaitingGroup } from "./waiting-changes.ts";
import type { ChangeUnit, ZnodeChange, ZnodeChanges } from "./znode-changes.ts";

/**
 * Writes what has waited: first what is removed with all below, then the state of each group, at last
 * the offsets. What was asked for after a removal stands after it.
 */
export async function writeRound(
  waiting: WaitingChanges,
  context: { readonly multi: FencedMulti; readonly znodes: ZnodeChanges },
): Promise<void> {
  const { multi, znodes } = context;
  for (const root of removedRoots(waiting)) {
    await removeSubtree(multi, root);
    znodes.forgetBelow(root);
  }
  const units: ChangeUnit[] = [];
  for (const [groupId, group] of waiting.groups) {
    const unit = groupUnit(groupId, group);
    if (unit.changes.length === 0) continue;
    if (fitsOneMulti(unit)) units.push(unit);
    else for (const part of inParts(groupId, unit)) await znodes.apply([part]);
  }
  units.push(...(await staleOffsetUnits(waiting, multi)), ...offsetUnits(waiting));
  await znodes.apply(units);
}

function removedRoots({ groups }: WaitingChanges): string[] {
  const roots: string[] = [];
  for (const [groupId, { isRemoved, topics }] of groups) {
    const name = znodeName(groupId);
    if (isRemoved) {
      roots.push(groupPath(name));
      continue;
    }
    for (const [topic, { isRemoved }] of topics) {
      if (isRemoved) roots.push(topicOffsetsPath(name, znodeName(topic)));
    }
  }
  return roots;
}

/** All that changes of one group's state: it is seen with all of it, or with none. */
function groupUnit(groupId: string, { group, members }: WaitingGroup): ChangeUnit {
  const name = znodeName(groupId);
  const path = groupPath(name);
  const changes: ZnodeChange[] = [];
  if (group !== undefined) {
    changes.push({ path, data: group }, { path: membersPath(name), data: NOTHING });
  }
  for (const [memberId, data] of members) {
    changes.push({ path: memberPath(name, znodeName(memberId)), data });
  }
  const parents = [
    { path, data: group ?? EMPTY_GROUP },
    { path: membersPath(name), data: NOTHING },
  ];
  return { parents, changes };
}

/** Beside the check, the parents and the two marks of parts. */
const UNIT_CHANGES_MAX = MULTI_OPERATIONS_MAX - 10;
const UNIT_BYTES_MAX = MULTI_BYTES_MAX - 8 * 1024;

function fitsOneMulti({ changes }: ChangeUnit): boolean {
  if (changes.length > UNIT_CHANGES_MAX) return false;
  return changes.reduce((sum, change) => sum + bytesOf(change), 0) <= UNIT_BYTES_MAX;
}

function bytesOf({ path, data = NOTHING }: ZnodeChange): number {
  return operationBytes({ type: "setData", path, data });
}

/**
 * A state too large for one multi is written in parts, in their order. From the first to the last the
 * znode above the members says so: whoever reads it in between does not take it for whole.
 */
function* inParts(groupId: string, { parents, changes }: ChangeUnit): Generator<ChangeUnit> {
  const mark = membersPath(znodeName(groupId));
  // The group last: its generation is that of what its members say.
  const path = groupPath(znodeName(groupId));
  const members = changes.filter((change) => change.path !== path && change.path !== mark);
  const ordered = [...members, ...changes.filter((change) => change.path === path)];
  let part: ZnodeChange[] = [{ path: mark, data: INCOMPLETE }];
  let bytes = 0;
  for (const change of ordered) {
    bytes += bytesOf(change);
    if (part.length >= UNIT_CHANGES_MAX || bytes > UNIT_BYTES_MAX) {
      yield { parents, changes: part };
      part = [];
      bytes = bytesOf(change);
    }
    part.push(change);
  }
  yield { parents, changes: [...part, { path: mark, data: NOTHING }] };
}

/** Of each offset on its own. */
export function* offsetUnits({ groups }: WaitingChanges): Generator<ChangeUnit> {
  for (const [groupId, { topics }] of groups) {
    const name = znodeName(groupId);
    for (const [topic, { offsets }] of topics) {
      const topicName = znodeName(topic);
      const parents = [
        { path: groupPath(name), data: EMPTY_GROUP },
        { path: offsetsPath(name), data: NOTHING },
        { path: topicOffsetsPath(name, topicName), data: NOTHING },
      ];
      for (const [partition, value] of offsets) {
        const path = offsetPath(name, topicName, partition);
        const data = value === undefined ? undefined : encodeOffset(value);
        yield { parents, changes: [{ path, data }] };
      }
    }
  }
}

const NOTHING = new Uint8Array(0);
/** See `inParts`. */
const INCOMPLETE: Uint8Array = new TextEncoder().encode("incomplete");

/** Whether the content of the znode above the members says that they are not whole. */
export function isIncomplete(mark: Uint8Array): boolean {
  return mark.length > 0;
}
