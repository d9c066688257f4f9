import type { ClassicMember, ClassicProgress } from "./classic-group.ts";
import type { GroupValue, MemberValue, OffsetValue } from "./stored-group.ts";

/**
 * What was decided about a group. All records are applied at once, in order; durable ones are also
 * written to ZooKeeper, in the order of the decisions, and replies wait for that.
 */
export type GroupRecord = DurableGroupRecord | VolatileGroupRecord;

/** One each is one znode. */
export type DurableGroupRecord =
  | { readonly type: "groupChanged"; readonly value: GroupValue }
  /** With all members and offsets. */
  | { readonly type: "groupDeleted" }
  | { readonly type: "memberChanged"; readonly memberId: string; readonly value: MemberValue }
  | { readonly type: "memberRemoved"; readonly memberId: string }
  | OffsetRecord;

export type OffsetRecord =
  | {
      readonly type: "offsetCommitted";
      readonly topic: string;
      readonly partition: number;
      readonly value: OffsetValue;
    }
  | { readonly type: "offsetDeleted"; readonly topic: string; readonly partition: number };

/** In memory only. What is lost of them in a failover is asked for again by the members. */
export type VolatileGroupRecord =
  /** Makes a group that does not exist, or is empty and of the other type, a classic one. */
  | { readonly type: "rebalanceProgressed"; readonly progress: ClassicProgress }
  | { readonly type: "memberProgressed"; readonly memberId: string; readonly member: ClassicMember }
  | { readonly type: "memberDropped"; readonly memberId: string }
  /** It was in memory only. */
  | { readonly type: "groupForgotten" }
  /** The targets were compared with the topics since the group was loaded. */
  | { readonly type: "targetsVerified" };

const VOLATILE: ReadonlySet<GroupRecord["type"]> = new Set<VolatileGroupRecord["type"]>([
  "rebalanceProgressed",
  "memberProgressed",
  "memberDropped",
  "groupForgotten",
  "targetsVerified",
]);

export function isDurable(record: GroupRecord): record is DurableGroupRecord {
  return !VOLATILE.has(record.type);
}
