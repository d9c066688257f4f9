/** A group under test: decides, applies, keeps what ZooKeeper would have, and the timers. */
import { offset, type TopicId, timestamp } from "@zoolog/base";
import { applyAll } from "./apply.ts";
import { decide } from "./decide.ts";
import {
  DEFAULT_GROUP_SETTINGS,
  type GroupSettings,
  type TopicsView,
  type TopicView,
} from "./group-context.ts";
import type { ConsumerGroupHeartbeatEvent, GroupEvent, JoinGroupEvent } from "./group-event.ts";
import type { GroupReply, GroupResponse } from "./group-reply.ts";
import type { GroupTimerKey } from "./group-timer.ts";
import { load } from "./load.ts";
import { type DurableGroupRecord, type GroupRecord, isDurable } from "./state/group-record.ts";
import type { GroupState } from "./state/group-state.ts";
import type { GroupValue, MemberValue, StoredGroup } from "./state/stored-group.ts";

export function topicsOf(counts: Readonly<Record<string, number>>): TopicsView {
  const topics = new Map<string, TopicView>();
  for (const [name, partitions] of Object.entries(counts)) {
    topics.set(name, { name, topicId: `#${name}` as TopicId, partitions });
  }
  return {
    topic: (name) => topics.get(name),
    topicById: (id) => topics.get(id.slice(1)),
    names: () => topics.keys(),
  };
}

/** What stands in ZooKeeper, changed by durable records only. */
export class StoredGroupModel {
  value: GroupValue | undefined;
  exists = false;
  members = new Map<string, MemberValue>();

  write(record: DurableGroupRecord): void {
    switch (record.type) {
      case "groupChanged":
        this.exists = true;
        this.value = record.value;
        return;
      case "groupDeleted":
        this.exists = false;
        this.value = undefined;
        this.members.clear();
        return;
      case "memberChanged":
        this.members.set(record.memberId, record.value);
        return;
      case "memberRemoved":
        this.members.delete(record.memberId);
        return;
      case "offsetCommitted":
      case "offsetDeleted":
        return;
    }
  }

  get stored(): StoredGroup {
    return { value: this.value, members: new Map(this.members) };
  }
}

let nextRequest = 0;

export class GroupUnderTest {
  group: GroupState | undefined;
  readonly stored = new StoredGroupModel();
  readonly timers = new Map<GroupTimerKey, number>();
  /** Of the last event. */
  records: readonly GroupRecord[] = [];
  readonly answers = new Map<number | string, GroupResponse>();
  topics: TopicsView;
  readonly settings: GroupSettings;
  now = 0;
  /** Otherwise a `LaggingWriter` does. */
  writesAtOnce = true;

  constructor(counts: Readonly<Record<string, number>>, settings: Partial<GroupSettings> = {}) {
    this.topics = topicsOf(counts);
    this.settings = { ...DEFAULT_GROUP_SETTINGS, ...settings };
  }

  /** Decides, applies, and writes everything. */
  run(event: GroupEvent): readonly GroupReply[] {
    const { settings, topics } = this;
    const context = { now: timestamp(this.now++), settings, topics };
    const { records, replies, timers } = decide(this.group, event, context);
    this.group = applyAll(this.group, records);
    this.records = records;
    if (this.writesAtOnce) {
      for (const record of records) if (isDurable(record)) this.stored.write(record);
    }
    for (const timer of timers) {
      if (timer.type === "arm") this.timers.set(timer.key, timer.afterMs);
      else this.timers.delete(timer.key);
    }
    for (const { requestId, response } of replies) {
      expect(this.answers.has(requestId)).toBe(false);
      this.answers.set(requestId, response);
    }
    return replies;
  }

  fire(key: GroupTimerKey): readonly GroupReply[] {
    expect(this.timers.has(key)).toBe(true);
    this.timers.delete(key);
    return this.run({ type: "timerFired", key });
  }

  /** Another coordinator begins with what was written. */
  failOver({ graceMs = 0 } = {}): void {
    this.timers.clear();
    this.group = this.stored.exists ? load(this.stored.stored) : undefined;
    this.run({ type: "groupLoaded", graceMs });
  }

  /** The answer, or `undefined`: parked. The request's number is `lastRequest`. */
  ask(event: WithoutRequest<GroupEvent>): GroupResponse | undefined {
    this.lastRequest = nextRequest++;
    this.run({ ...event, requestId: this.lastRequest } as GroupEvent);
    return this.answers.get(this.lastRequest);
  }

  lastRequest = 0;

  join(fields: Partial<JoinGroupEvent> = {}): GroupResponse | undefined {
    return this.ask({
      type: "joinGroup",
      memberId: undefined,
      memberIdCandidate: `m${nextRequest}`,
      groupInstanceId: undefined,
      clientId: "client",
      clientHost: "/127.0.0.1",
      protocolType: "consumer",
      protocols: [{ name: "range", metadata: bytes("range") }],
      sessionTimeoutMs: 10_000,
      rebalanceTimeoutMs: 60_000,
      requiresKnownMemberId: false,
      supportsSkippingAssignment: true,
      ...fields,
    });
  }

  sync(
    memberId: string,
    generationId: number,
    assignments: Readonly<Record<string, string>> = {},
    groupInstanceId?: string,
  ): GroupResponse | undefined {
    return this.ask({
      type: "syncGroup",
      memberId,
      generationId,
      groupInstanceId,
      protocolType: undefined,
      protocolName: undefined,
      assignments: Object.entries(assignments).map(([id, text]) => ({
        memberId: id,
        assignment: bytes(text),
      })),
    });
  }

  heartbeat(memberId: string, generationId: number, groupInstanceId?: string) {
    return this.ask({ type: "heartbeat", memberId, generationId, groupInstanceId });
  }

  consume(fields: Partial<ConsumerGroupHeartbeatEvent>): GroupResponse | undefined {
    const isJoin = (fields.memberEpoch ?? "join") === "join";
    return this.ask({
      type: "consumerGroupHeartbeat",
      memberId: undefined,
      memberIdCandidate: `m${nextRequest}`,
      memberEpoch: "join",
      groupInstanceId: undefined,
      clientId: "client",
      clientHost: "/127.0.0.1",
      rackId: undefined,
      rebalanceTimeoutMs: isJoin ? 60_000 : undefined,
      subscribedTopics: isJoin && fields.subscribedPattern === undefined ? ["orders"] : undefined,
      subscribedPattern: undefined,
      serverAssignor: undefined,
      owned: undefined,
      ...fields,
    });
  }

  commit(
    memberId: string | undefined,
    epoch: number | undefined,
    topic = "orders",
    metadata = "",
  ): GroupResponse | undefined {
    return this.ask({
      type: "commitOffsets",
      memberId,
      generationIdOrMemberEpoch: epoch,
      groupInstanceId: undefined,
      topics: [{ topic, partitions: [{ partition: 0, offset: offset(7), metadata }] }],
    });
  }
}

type WithoutRequest<Event> = Event extends { requestId: unknown }
  ? Omit<Event, "requestId">
  : never;

export function bytes(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

export function text(value: Uint8Array): string {
  return String.fromCharCode(...value);
}

/** The code a request was refused with, or the type of its answer. */
export function outcome(response: GroupResponse | undefined): string {
  if (response === undefined) return "parked";
  return response.type === "refused" ? response.error.code : response.type;
}

export function as<Type extends GroupResponse["type"]>(
  type: Type,
  response: GroupResponse | undefined,
): Extract<GroupResponse, { type: Type }> {
  if (response?.type !== type) throw new Error(`${type} expected: ${JSON.stringify(response)}`);
  return response as Extract<GroupResponse, { type: Type }>;
}

/** Writes records in their order, some at a time, and holds answers back until theirs are written. */
export class LaggingWriter {
  readonly #stored: StoredGroupModel;
  #queue: { readonly records: DurableGroupRecord[]; readonly replies: readonly GroupReply[] }[] =
    [];

  constructor(stored: StoredGroupModel) {
    this.#stored = stored;
  }

  add(records: readonly GroupRecord[], replies: readonly GroupReply[]): void {
    this.#queue.push({ records: records.filter(isDurable), replies });
  }

  /** Answers that may go out now. */
  write(count: number): readonly GroupReply[] {
    const released: GroupReply[] = [];
    let left = count;
    for (;;) {
      const [first] = this.#queue;
      if (first === undefined) return released;
      for (; left > 0 && first.records.length > 0; left--) {
        this.#makeGroup(first.records);
        const record = first.records.shift();
        if (record !== undefined) this.#stored.write(record);
      }
      if (first.records.length > 0) return released;
      released.push(...first.replies);
      this.#queue.shift();
    }
  }

  /** With the first of what stands below it; until all of that is there it counts as incomplete. */
  #makeGroup(records: readonly DurableGroupRecord[]): void {
    const made = records.find(({ type }) => type === "groupChanged");
    if (this.#stored.exists || made?.type !== "groupChanged") return;
    const { value } = made;
    this.#stored.write(
      value.type === "consumer"
        ? made
        : { ...made, value: { ...value, generation: value.generation - 1 } },
    );
  }

  /** The coordinator has died: nobody hears of what is not written. */
  forget(): void {
    this.#queue = [];
  }
}
