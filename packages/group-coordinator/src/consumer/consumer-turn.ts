import { assert } from "@zoolog/base";
import type { GroupDecision } from "../decision.ts";
import type { GroupContext } from "../group-context.ts";
import type { RequestId } from "../group-event.ts";
import type { GroupReply, GroupResponse } from "../group-reply.ts";
import type { GroupTimer, GroupTimerKey } from "../group-timer.ts";
import { ConsumerDraft, emptyConsumerGroup } from "../state/consumer-draft.ts";
import type { GroupRecord } from "../state/group-record.ts";
import type { GroupState } from "../state/group-state.ts";
import type { ConsumerGroupValue, ConsumerMemberValue } from "../state/stored-group.ts";

/** A decision about a server-side group in the making. */
export class ConsumerTurn {
  readonly context: GroupContext;
  readonly #isNew: boolean;
  readonly #wasVerified: boolean;
  readonly #valueBefore: ConsumerGroupValue;
  readonly #draft: ConsumerDraft;
  readonly #touched = new Set<string>();
  readonly #removed = new Set<string>();
  readonly #replies: GroupReply[] = [];
  readonly #timers = new Map<GroupTimerKey, GroupTimer>();

  /** A group that does not exist, or is empty and of the other type, becomes a server-side one. */
  constructor(group: GroupState | undefined, context: GroupContext) {
    assert(group?.type !== "classic" || group.members.size === 0, "only empty groups change type");
    this.context = context;
    this.#isNew = group?.type !== "consumer";
    const [assignor = "uniform"] = context.settings.consumerAssignors;
    // Counters go on where the other type's ended: neither may accept what was meant for the other.
    const epoch = group?.type === "classic" ? group.generation : 0;
    const start = group?.type === "consumer" ? group : emptyConsumerGroup(epoch, assignor);
    this.#draft = new ConsumerDraft(start);
    this.#valueBefore = this.#draft.value;
    this.#wasVerified = this.#draft.targetsVerified;
  }

  get value(): ConsumerGroupValue {
    return this.#draft.value;
  }

  get members(): ReadonlyMap<string, ConsumerMemberValue> {
    return this.#draft.members;
  }

  get instances(): ReadonlyMap<string, string> {
    return this.#draft.instances;
  }

  get targetsVerified(): boolean {
    return this.#draft.targetsVerified;
  }

  get ownersOf(): ConsumerDraft["ownersOf"] {
    return this.#draft.ownersOf.bind(this.#draft);
  }

  verifyTargets(): void {
    this.#draft.targetsVerified = true;
  }

  change(change: Partial<ConsumerGroupValue>): void {
    this.#draft.value = { ...this.#draft.value, ...change };
  }

  /** The targets have to be made anew, at the next heartbeat. Once is enough until then. */
  bumpEpoch(): void {
    const { epoch, assignmentEpoch } = this.value;
    if (epoch === assignmentEpoch) this.change({ epoch: epoch + 1 });
    // Nobody is left to assign anything to.
    if (this.members.size === 0) this.change({ assignmentEpoch: this.value.epoch });
  }

  member(memberId: string): ConsumerMemberValue {
    const member = this.#draft.members.get(memberId);
    assert(member !== undefined, () => `member ${memberId} is in the group`);
    return member;
  }

  setMember(memberId: string, member: ConsumerMemberValue): void {
    this.#touched.add(memberId);
    this.#draft.setMember(memberId, member);
  }

  changeMember(memberId: string, change: Partial<ConsumerMemberValue>): void {
    this.setMember(memberId, { ...this.member(memberId), ...change });
  }

  removeMember(memberId: string): void {
    this.#touched.delete(memberId);
    this.#removed.add(memberId);
    this.#draft.removeMember(memberId);
    this.cancel(`session:${memberId}`);
    this.cancel(`revocation:${memberId}`);
  }

  reply(requestId: RequestId, response: GroupResponse): void {
    this.#replies.push({ requestId, response });
  }

  arm(key: GroupTimerKey, afterMs: number): void {
    this.#timers.set(key, { type: "arm", key, afterMs });
  }

  cancel(key: GroupTimerKey): void {
    this.#timers.set(key, { type: "cancel", key });
  }

  armSession(memberId: string, graceMs = 0): void {
    this.arm(`session:${memberId}`, this.context.settings.consumerSessionTimeoutMs + graceMs);
  }

  finish(): GroupDecision {
    return { records: this.#records(), replies: this.#replies, timers: [...this.#timers.values()] };
  }

  /** Who takes a member's place is written before that one goes: a cut between leaves one of them. */
  #records(): readonly GroupRecord[] {
    const { value, members, targetsVerified } = this.#draft;
    const records: GroupRecord[] = [];
    if (this.#isNew || value !== this.#valueBefore) records.push({ type: "groupChanged", value });
    for (const memberId of this.#touched) {
      const member = members.get(memberId);
      if (member !== undefined) records.push({ type: "memberChanged", memberId, value: member });
    }
    for (const memberId of this.#removed) records.push({ type: "memberRemoved", memberId });
    if (targetsVerified && !this.#wasVerified) records.push({ type: "targetsVerified" });
    return records;
  }
}
