import { brokerId, type Scheduler, type Timer, type TopicId, timestamp } from "@zoolog/base";
import {
  applyAll,
  DEFAULT_GROUP_SETTINGS,
  decide,
  type GroupEvent,
  type GroupResponse,
  type GroupState,
  type GroupTimer,
  hasNews,
  type TopicsView,
  type TopicView,
} from "@zoolog/group-coordinator";
import {
  decodeConsumerAssignment,
  ERROR_CODES,
  type NativeRequest,
  type NativeResponse,
} from "@zoolog/protocol";
import type { ScriptedTopics } from "./scripted-topics.ts";

export type GroupAnswer =
  | { readonly message: unknown }
  | { readonly refusal: { code: string; message: string; retriable: boolean } };

type Done = (answer: GroupAnswer) => void;
type Unnumbered<E> = E extends { readonly requestId: unknown } ? Omit<E, "requestId"> : never;
type Committed = { readonly offset: number; readonly leaderEpoch?: number; metadata?: string };

type Group = {
  state: GroupState | undefined;
  readonly offsets: Map<string, Committed>;
  readonly timers: Map<string, Timer>;
  /** By member: answers heartbeats that wait for news. */
  readonly parked: Map<string, () => void>;
};

export type SeenCommit = {
  readonly group: string;
  readonly memberId: string | undefined;
  readonly partition: string;
  readonly offset: number;
};

const CLIENT = { clientId: "scripted", clientHost: "127.0.0.1" };
const EPOCHS = new Map([
  [0, "join"],
  [-1, "leave"],
  [-2, "leaveForNow"],
] as const);

/** The coordinator of all groups of scripted brokers: the pure core, its state in memory. */
export class ScriptedGroups {
  /** Which broker coordinates; `undefined`: none does. */
  coordinator: number | undefined = 0;
  /** Whom a broker names in its place whose picture of the cluster is old. */
  readonly believed = new Map<number, number>();
  sessionTimeoutMs = 45_000;
  heartbeatIntervalMs = 1_000;
  /** Every commit that was accepted, in order. */
  readonly commits: SeenCommit[] = [];
  /** `topic-partition`s that the coordinator has not heard of. */
  readonly unknown = new Set<string>();
  readonly #endpoints: readonly string[];
  readonly #topics: ScriptedTopics;
  readonly #scheduler: Scheduler;
  readonly #groups = new Map<string, Group>();
  readonly #waiting = new Map<number, (response: GroupResponse) => void>();
  #requests = 0;
  #memberIds = 0;

  constructor(
    options: { readonly endpoints: readonly string[]; readonly topics: ScriptedTopics },
    dependencies: { readonly scheduler: Scheduler },
  ) {
    this.#endpoints = options.endpoints;
    this.#topics = options.topics;
    this.#scheduler = dependencies.scheduler;
  }

  /** By `topic-partition`. */
  committed(group: string): Record<string, number> {
    const { offsets } = this.#group(group);
    return Object.fromEntries([...offsets].map(([key, { offset }]) => [key, offset]));
  }

  setCommitted(group: string, partition: string, offset: number): void {
    this.#group(group).offsets.set(partition, { offset });
  }

  /** As of a partition that nobody has come to yet. */
  forgetCommitted(group: string, partition: string): void {
    this.#group(group).offsets.delete(partition);
  }

  /** Of the last commit. */
  metadata(group: string, partition: string): string | undefined {
    return this.#group(group).offsets.get(partition)?.metadata;
  }

  members(group: string): string[] {
    const { state } = this.#group(group);
    return [...(state?.members.keys() ?? [])];
  }

  /** All members are gone as if they had left: what they say next is refused. */
  fence(group: string): void {
    const members = this.members(group).map((memberId) => ({ memberId }));
    this.#ask(group, { type: "leaveGroup", members }, () => {});
  }

  serve(call: string, request: unknown, self: number, done: Done): void {
    if (call === "find-coordinator") {
      const { groups } = request as NativeRequest<"find-coordinator">;
      done({ message: { groups: groups.map((group) => this.#placeOf(group, self)) } });
    } else if (self !== this.coordinator) {
      done(refusal("NOT_COORDINATOR"));
    } else if (call === "commit-offsets") {
      this.#commit(request as NativeRequest<"commit-offsets">, done);
    } else if (call === "committed-offsets") {
      done({ message: this.#committedOffsets(request as NativeRequest<"committed-offsets">) });
    } else if (call === "describe-groups") {
      const { groups } = request as NativeRequest<"describe-groups">;
      done({ message: { groups: groups.map((group) => this.#describe(group)) } });
    } else {
      this.#serveMember(call, request, done);
    }
  }

  /** What members of a classic group have been assigned. */
  #describe(group: string) {
    const { state } = this.#group(group);
    const members = state?.type === "classic" ? [...state.members] : [];
    return {
      ...{ group, type: "classic", state: "stable", coordinator: this.coordinator },
      members: members.map(([memberId, { assignment }]) => {
        const decoded = decodeConsumerAssignment(assignment);
        const assigned = decoded.fault === undefined ? decoded.value.assigned : [];
        return { ...{ memberId, ...CLIENT }, assignment: assigned };
      }),
    };
  }

  #serveMember(call: string, request: unknown, done: Done): void {
    const { groupId } = request as { readonly groupId: string };
    const event = this.#eventOf(call, request);
    if (event === undefined) done(refusal("UNSUPPORTED_VERSION"));
    else if (call !== "consumer-group-heartbeat") {
      this.#ask(groupId, event, (response) => done(this.#answerOf(response)));
    } else {
      const { maxWaitMs = 0 } = request as NativeRequest<"consumer-group-heartbeat">;
      this.#ask(groupId, event, (response) => this.#park(groupId, maxWaitMs, response, done));
    }
  }

  /** As brokers do: an answer that says nothing new waits, and then says to ask again. */
  #park(groupId: string, maxWaitMs: number, response: GroupResponse, done: Done): void {
    const isQuiet =
      response.type === "consumerGroupHeartbeat" &&
      typeof response.memberEpoch === "number" &&
      response.assignment === undefined;
    if (!isQuiet || maxWaitMs === 0) {
      done(this.#answerOf(response));
      return;
    }
    const { memberId, heartbeatIntervalMs } = response;
    const waitMs = Math.min(maxWaitMs, heartbeatIntervalMs);
    const { parked } = this.#group(groupId);
    const wake = (): void => {
      timer.cancel();
      if (parked.get(memberId) === wake) parked.delete(memberId);
      done(this.#answerOf({ ...response, heartbeatIntervalMs: 0 }));
    };
    const timer = this.#scheduler.after(waitMs, wake);
    parked.get(memberId)?.();
    parked.set(memberId, wake);
  }

  #eventOf(call: string, request: unknown): Unnumbered<GroupEvent> | undefined {
    const memberIdCandidate = `member-${this.#memberIds++}`;
    const optional = { memberId: undefined, groupInstanceId: undefined };
    switch (call) {
      case "consumer-group-heartbeat": {
        const given = request as NativeRequest<"consumer-group-heartbeat">;
        const memberEpoch = EPOCHS.get(given.memberEpoch as 0) ?? given.memberEpoch;
        const unchanged = {
          rackId: undefined,
          rebalanceTimeoutMs: undefined,
          subscribedTopics: undefined,
          subscribedPattern: undefined,
          serverAssignor: undefined,
          owned: undefined,
        };
        const fields = { ...CLIENT, ...optional, ...unchanged, ...given, memberEpoch };
        return { type: "consumerGroupHeartbeat", memberIdCandidate, ...fields };
      }
      case "join-group": {
        const fields = { ...CLIENT, ...optional, ...(request as NativeRequest<"join-group">) };
        const asks = { requiresKnownMemberId: true, supportsSkippingAssignment: true };
        return { type: "joinGroup", memberIdCandidate, ...asks, ...fields };
      }
      case "sync-group": {
        const fields = { ...optional, protocolType: undefined, protocolName: undefined };
        return { type: "syncGroup", ...fields, ...(request as NativeRequest<"sync-group">) };
      }
      case "heartbeat":
        return { type: "heartbeat", ...optional, ...(request as NativeRequest<"heartbeat">) };
      case "leave-group":
        return { type: "leaveGroup", ...(request as NativeRequest<"leave-group">) };
      default:
        return undefined;
    }
  }

  #answerOf(response: GroupResponse): GroupAnswer {
    if (response.type === "refused") {
      const { error, memberId } = response;
      return error.code === "MEMBER_ID_REQUIRED"
        ? { message: { error: { ...error }, memberId } }
        : refusal(error.code);
    }
    const { type, ...fields } = response;
    if (type === "consumerGroupHeartbeat") {
      const { memberEpoch, ...rest } = fields as Extract<GroupResponse, { type: typeof type }>;
      const numbers = { leave: -1, leaveForNow: -2 } as const;
      const epoch = typeof memberEpoch === "number" ? memberEpoch : numbers[memberEpoch];
      const { sessionTimeoutMs } = this;
      return { message: present({ ...rest, memberEpoch: epoch, sessionTimeoutMs }) };
    }
    return { message: present(fields) };
  }

  #group(groupId: string): Group {
    const known = this.#groups.get(groupId);
    if (known !== undefined) return known;
    const group: Group = {
      state: undefined,
      offsets: new Map(),
      timers: new Map(),
      parked: new Map(),
    };
    this.#groups.set(groupId, group);
    return group;
  }

  #ask(
    groupId: string,
    event: Unnumbered<GroupEvent>,
    answered: (response: GroupResponse) => void,
  ): void {
    const requestId = this.#requests++;
    this.#waiting.set(requestId, answered);
    this.#run(groupId, { ...event, requestId } as GroupEvent);
  }

  #run(groupId: string, event: GroupEvent): void {
    const group = this.#group(groupId);
    const settings = {
      ...DEFAULT_GROUP_SETTINGS,
      initialRebalanceDelayMs: 100,
      consumerSessionTimeoutMs: this.sessionTimeoutMs,
      consumerHeartbeatIntervalMs: this.heartbeatIntervalMs,
    };
    const context = { now: timestamp(0), settings, topics: this.#view() };
    const { records, replies, timers } = decide(group.state, event, context);
    group.state = applyAll(group.state, records);
    for (const timer of timers) this.#setTimer(groupId, timer);
    for (const { requestId, response } of replies) {
      const answered = this.#waiting.get(requestId as number);
      this.#waiting.delete(requestId as number);
      answered?.(response);
    }
    for (const [memberId, wake] of group.parked) {
      if (group.state?.type !== "consumer" || hasNews(group.state, memberId)) wake();
    }
  }

  #setTimer(groupId: string, timer: GroupTimer): void {
    const { timers } = this.#group(groupId);
    timers.get(timer.key)?.cancel();
    timers.delete(timer.key);
    if (timer.type === "cancel") return;
    const fire = () => {
      timers.delete(timer.key);
      this.#run(groupId, { type: "timerFired", key: timer.key });
    };
    timers.set(timer.key, this.#scheduler.after(timer.afterMs, fire));
  }

  /** Topics were created, deleted or have grown. */
  topicsChanged(): void {
    for (const groupId of this.#groups.keys()) this.#run(groupId, { type: "topicsChanged" });
  }

  #view(): TopicsView {
    const topics = this.#topics.list().map(({ partitionCount, topic, topicId }): TopicView => {
      return { name: topic, topicId: topicId as TopicId, partitions: partitionCount };
    });
    const byName = new Map(topics.map((topic) => [topic.name, topic]));
    const byId = new Map(topics.map((topic) => [topic.topicId, topic]));
    return {
      topic: (name) => byName.get(name),
      topicById: (id) => byId.get(id),
      names: () => byName.keys(),
    };
  }

  #placeOf(group: string, self: number): NativeResponse<"find-coordinator">["groups"][number] {
    const coordinator = this.believed.get(self) ?? this.coordinator;
    if (coordinator === undefined) {
      return { group, error: { code: "COORDINATOR_NOT_AVAILABLE", message: "scripted" } };
    }
    const url = this.#endpoints[coordinator] as string;
    return { group, brokerId: brokerId(coordinator), host: "broker", port: coordinator, url };
  }

  #commit(request: NativeRequest<"commit-offsets">, done: Done): void {
    const optional = {
      memberId: undefined,
      generationIdOrMemberEpoch: undefined,
      groupInstanceId: undefined,
    };
    const event = { type: "commitOffsets" as const, ...optional, ...request };
    this.#ask(request.groupId, event, (response) => {
      if (response.type === "commitOffsets") this.#store(request);
      const refused = response.type === "refused" ? response.error.code : undefined;
      const topics = request.topics.map(({ partitions, topic }) => ({
        topic,
        partitions: partitions.map(({ partition }) => {
          const isUnknown = this.unknown.has(`${topic}-${partition}`);
          const code = refused ?? (isUnknown ? "UNKNOWN_TOPIC_OR_PARTITION" : undefined);
          return code === undefined
            ? { partition }
            : { partition, error: { code, message: "scripted" } };
        }),
      }));
      done({ message: { topics } });
    });
  }

  #store({ groupId, memberId, topics }: NativeRequest<"commit-offsets">): void {
    for (const { partitions, topic } of topics) {
      for (const { partition, offset, ...committed } of partitions) {
        const key = `${topic}-${partition}`;
        if (this.unknown.has(key)) continue;
        const { offsets } = this.#group(groupId);
        if (offset === undefined) {
          offsets.delete(key);
          continue;
        }
        offsets.set(key, { offset, ...committed });
        this.commits.push({ group: groupId, memberId, partition: key, offset });
      }
    }
  }

  #committedOffsets(
    request: NativeRequest<"committed-offsets">,
  ): NativeResponse<"committed-offsets"> {
    const { offsets } = this.#group(request.groupId);
    return {
      topics: (request.topics ?? []).map(({ partitions, topic }) => ({
        topic,
        partitions: partitions.map((partition) => {
          const known = offsets.get(`${topic}-${partition}`);
          return known === undefined ? { partition } : { partition, ...(known as object) };
        }),
      })),
    };
  }
}

/** Without the fields that are not there: messages know no `undefined`. */
function present(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(present);
  if (value === null || typeof value !== "object" || value instanceof Uint8Array) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, field]) =>
      field === undefined ? [] : [[key, present(field)]],
    ),
  );
}

function refusal(code: string): GroupAnswer {
  const { retriable = false } = ERROR_CODES[code as keyof typeof ERROR_CODES] ?? {};
  return { refusal: { code, message: `scripted ${code}`, retriable } };
}
