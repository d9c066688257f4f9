import { assert } from "@zoolog/base";
import type { GroupDecision } from "../decision.ts";
import type { GroupContext, GroupSettings } from "../group-context.ts";
import type { RequestId } from "../group-event.ts";
import type { GroupRefusal, GroupReply, GroupResponse } from "../group-reply.ts";
import type { GroupTimer, GroupTimerKey } from "../group-timer.ts";
import { ClassicDraft, emptyClassicGroup } from "../state/classic-draft.ts";
import type { ClassicGroup, ClassicMember, ClassicProgress } from "../state/classic-group.ts";
import type { GroupRecord } from "../state/group-record.ts";
import type { GroupState } from "../state/group-state.ts";
import type { ClassicMemberValue } from "../state/stored-group.ts";

/** A decision about a classic group in the making: each step sees what those before it changed. */
export class ClassicTurn {
  readonly settings: GroupSettings;
  readonly #before: ClassicGroup | undefined;
  readonly #draft: ClassicDraft;
  readonly #touched = new Set<string>();
  readonly #toStore = new Set<string>();
  readonly #replies: GroupReply[] = [];
  readonly #timers = new Map<GroupTimerKey, GroupTimer>();
  #storesGroup = false;
  #isForgotten = false;

  /** A group that does not exist, or is empty and of the other type, becomes a classic one. */
  constructor(group: GroupState | undefined, context: GroupContext) {
    assert(group?.type !== "consumer" || group.members.size === 0, "only empty groups change type");
    this.settings = context.settings;
    this.#before = group?.type === "classic" ? group : undefined;
    // Counters go on where the other type's ended: neither may accept what was meant for the other.
    const generation = group?.type === "consumer" ? group.epoch : 0;
    const fresh = emptyClassicGroup(generation, { isStored: group !== undefined });
    this.#draft = new ClassicDraft(this.#before ?? fresh);
  }

  get progress(): ClassicProgress {
    return this.#draft.progress;
  }

  get instances(): ReadonlyMap<string, string> {
    return this.#draft.instances;
  }

  get members(): ReadonlyMap<string, ClassicMember> {
    return this.#draft.members;
  }

  move(change: Partial<ClassicProgress>): void {
    this.#draft.progress = { ...this.#draft.progress, ...change };
  }

  member(memberId: string): ClassicMember {
    const member = this.#draft.members.get(memberId);
    assert(member !== undefined, () => `member ${memberId} is in the group`);
    return member;
  }

  setMember(memberId: string, member: ClassicMember): void {
    this.#touched.add(memberId);
    this.#draft.setMember(memberId, member);
  }

  changeMember(memberId: string, change: Partial<ClassicMember>): void {
    this.setMember(memberId, { ...this.member(memberId), ...change });
  }

  /** Whatever the member waits for is refused. */
  dropMember(memberId: string, refusal: GroupRefusal): void {
    const { parkedJoin, parkedSync } = this.member(memberId);
    if (parkedJoin !== undefined) this.refuse(parkedJoin, refusal);
    if (parkedSync !== undefined) this.refuse(parkedSync, refusal);
    this.cancel(`session:${memberId}`);
    this.#touched.add(memberId);
    this.#draft.dropMember(memberId);
    if (this.progress.leader === memberId) this.move({ leader: undefined });
  }

  addPending(memberId: string, timeoutMs: number): void {
    this.move({ pendingMembers: new Set([...this.progress.pendingMembers, memberId]) });
    this.arm(`pending:${memberId}`, timeoutMs);
  }

  dropPending(memberId: string): void {
    const pendingMembers = new Set(this.progress.pendingMembers);
    pendingMembers.delete(memberId);
    this.move({ pendingMembers });
    this.cancel(`pending:${memberId}`);
  }

  reply(requestId: RequestId, response: GroupResponse): void {
    this.#replies.push({ requestId, response });
  }

  refuse(requestId: RequestId, error: GroupRefusal): void {
    this.reply(requestId, { type: "refused", error });
  }

  arm(key: GroupTimerKey, afterMs: number): void {
    this.#timers.set(key, { type: "arm", key, afterMs });
  }

  cancel(key: GroupTimerKey): void {
    this.#timers.set(key, { type: "cancel", key });
  }

  /** A generation is complete, or the group empty: what stands in ZooKeeper becomes just that. */
  storeAll(): void {
    this.#storesGroup = true;
    for (const memberId of this.members.keys()) this.#toStore.add(memberId);
    for (const memberId of this.#draft.stored) this.#toStore.add(memberId);
  }

  /** A stable group goes on with another process in the place of a member. */
  storeReplacement(former: string, next: string): void {
    this.#storesGroup = true;
    this.#toStore.add(next).add(former);
  }

  /**
   * Static members are about to be told ids that do not stand in ZooKeeper, while members stand there
   * that are gone: the next coordinator must not find the former one under an instance id, or it would
   * fence the only process that has it. Nobody takes what is written for a whole generation.
   */
  storeInstances(): void {
    const { stored } = this.#draft;
    const isUnknown = ([memberId, { groupInstanceId }]: [string, ClassicMember]): boolean =>
      groupInstanceId !== undefined && !stored.has(memberId);
    const unknown = [...this.members].filter(isUnknown);
    const gone = [...stored].filter((memberId) => !this.members.has(memberId));
    if (unknown.length === 0 || gone.length === 0) return;
    this.#storesGroup = true;
    for (const [memberId] of unknown) this.#toStore.add(memberId);
    for (const memberId of gone) this.#toStore.add(memberId);
  }

  /** Nothing of the group is left that anybody would miss. */
  forgetIfUnused(): void {
    const { state, pendingMembers } = this.progress;
    this.#isForgotten = state === "Empty" && pendingMembers.size === 0 && !this.#draft.isStored;
  }

  finish(): GroupDecision {
    const replies = this.#replies;
    const timers = [...this.#timers.values()];
    if (this.#isForgotten) return { records: [{ type: "groupForgotten" }], replies, timers };
    return { records: [...this.#volatileRecords(), ...this.#durableRecords()], replies, timers };
  }

  *#volatileRecords(): Iterable<GroupRecord> {
    const { progress, members } = this.#draft;
    if (this.#before === undefined || !isSame(progress, this.#before)) {
      yield { type: "rebalanceProgressed", progress };
    }
    for (const memberId of this.#touched) {
      const member = members.get(memberId);
      if (member !== undefined) yield { type: "memberProgressed", memberId, member };
      else if (this.#before?.members.has(memberId)) yield { type: "memberDropped", memberId };
    }
  }

  /**
   * Members first, then who is gone, the group last: as long as it names an older generation than
   * its members, `load` knows that the write was cut off.
   */
  *#durableRecords(): Iterable<GroupRecord> {
    if (!this.#storesGroup) return;
    const { members, stored, progress } = this.#draft;
    for (const memberId of this.#toStore) {
      const member = members.get(memberId);
      if (member !== undefined) {
        yield { type: "memberChanged", memberId, value: storedValue(member) };
      }
    }
    for (const memberId of this.#toStore) {
      if (!members.has(memberId) && stored.has(memberId)) yield { type: "memberRemoved", memberId };
    }
    const { generation, protocolType, protocol, leader } = progress;
    yield {
      type: "groupChanged",
      value: { type: "classic", generation, protocolType, protocol, leader },
    };
  }
}

function isSame(a: ClassicProgress, b: ClassicProgress): boolean {
  return (
    a.state === b.state &&
    a.generation === b.generation &&
    a.protocolType === b.protocolType &&
    a.protocol === b.protocol &&
    a.leader === b.leader &&
    a.pendingMembers === b.pendingMembers &&
    a.initialDelay === b.initialDelay
  );
}

function storedValue(member: ClassicMember): ClassicMemberValue {
  const { parkedJoin: _join, parkedSync: _sync, hasSynced: _synced, ...value } = member;
  return value;
}
