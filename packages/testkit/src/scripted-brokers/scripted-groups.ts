import { brokerId, type Scheduler, type Timer } from "@zoolog/base";
import { ERROR_CODES, type NativeRequest, type NativeResponse } from "@zoolog/protocol";
import type { ScriptedTopics } from "./scripted-topics.ts";

export type GroupAnswer =
  | { readonly message: unknown }
  | { readonly refusal: { code: string; message: string; retriable: boolean } };

type HeartbeatRequest = NativeRequest<"consumer-group-heartbeat">;

type Member = {
  readonly memberId: string;
  epoch: number;
  topics: readonly string[];
  pattern: string | undefined;
  /** What it may have, by the coordinator. */
  given: Set<string>;
  /** What it says it has. */
  owned: Set<string>;
  told: string;
  session: Timer | undefined;
};

type Committed = { readonly offset: number; readonly leaderEpoch?: number; metadata?: string };
type Group = { readonly members: Map<string, Member>; readonly offsets: Map<string, Committed> };

export type SeenCommit = {
  readonly group: string;
  readonly memberId: string | undefined;
  readonly partition: string;
  readonly offset: number;
};

/**
 * The coordinator of all groups of scripted brokers, by the words of KIP-848: partitions are dealt in
 * turn, and nobody is given one before its owner has given it up.
 */
export class ScriptedGroups {
  /** Which broker coordinates; `undefined`: none does. */
  coordinator: number | undefined = 0;
  sessionTimeoutMs = 45_000;
  heartbeatIntervalMs = 1_000;
  /** Every commit that was accepted, in order. */
  readonly commits: SeenCommit[] = [];
  readonly #endpoints: readonly string[];
  readonly #topics: ScriptedTopics;
  readonly #scheduler: Scheduler;
  readonly #groups = new Map<string, Group>();

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

  members(group: string): string[] {
    return [...this.#group(group).members.keys()];
  }

  /** The coordinator has forgotten a member, or all: they are fenced. */
  fence(group: string, memberId?: string): void {
    const { members } = this.#group(group);
    for (const id of memberId === undefined ? [...members.keys()] : [memberId]) {
      this.#remove(group, id);
    }
  }

  serve(call: string, request: unknown, self: number, done: (answer: GroupAnswer) => void): void {
    if (call === "find-coordinator") {
      done({ message: this.#findCoordinator(request as NativeRequest<"find-coordinator">) });
    } else if (self !== this.coordinator) {
      done(refusal("NOT_COORDINATOR"));
    } else if (call === "consumer-group-heartbeat") {
      done(this.#heartbeat(request as HeartbeatRequest));
    } else if (call === "commit-offsets") {
      done(this.#commit(request as NativeRequest<"commit-offsets">));
    } else if (call === "committed-offsets") {
      done({ message: this.#committedOffsets(request as NativeRequest<"committed-offsets">) });
    } else {
      done(refusal("UNSUPPORTED_VERSION"));
    }
  }

  #group(groupId: string): Group {
    const known = this.#groups.get(groupId);
    if (known !== undefined) return known;
    const group: Group = { members: new Map(), offsets: new Map() };
    this.#groups.set(groupId, group);
    return group;
  }

  #findCoordinator({
    groups,
  }: NativeRequest<"find-coordinator">): NativeResponse<"find-coordinator"> {
    const { coordinator } = this;
    return {
      groups: groups.map((group) =>
        coordinator === undefined
          ? { group, error: { code: "COORDINATOR_NOT_AVAILABLE", message: "scripted" } }
          : {
              group,
              brokerId: brokerId(coordinator),
              host: "broker",
              port: coordinator,
              url: this.#endpoints[coordinator] as string,
            },
      ),
    };
  }

  #heartbeat(request: HeartbeatRequest): GroupAnswer {
    const { groupId, memberEpoch, memberId } = request;
    const { members } = this.#group(groupId);
    if (memberEpoch < 0) {
      this.#remove(groupId, memberId);
      return { message: this.#heartbeatAnswer(memberId, memberEpoch) };
    }
    const member = members.get(memberId) ?? (memberEpoch === 0 ? newMember(memberId) : undefined);
    if (member === undefined) return refusal("UNKNOWN_MEMBER_ID");
    if (memberEpoch !== 0 && memberEpoch !== member.epoch) return refusal("FENCED_MEMBER_EPOCH");
    members.set(memberId, member);
    if (memberEpoch === 0) member.told = "";
    if (request.subscribedTopics !== undefined) member.topics = request.subscribedTopics;
    member.pattern = request.subscribedPattern ?? member.pattern;
    if (request.owned !== undefined) {
      member.owned = new Set(
        request.owned.flatMap(({ partitions, topicId }) =>
          partitions.map((partition) => `${topicId}:${partition}`),
        ),
      );
    }
    member.session?.cancel();
    member.session = this.#scheduler.after(this.sessionTimeoutMs, () => {
      this.#remove(groupId, memberId);
    });
    this.#assign(groupId);
    member.epoch = Math.max(1, member.epoch);
    const news = this.#news(member);
    return { message: this.#heartbeatAnswer(memberId, member.epoch, news) };
  }

  #heartbeatAnswer(
    memberId: string,
    memberEpoch: number,
    assignment?: NativeResponse<"consumer-group-heartbeat">["assignment"],
  ): NativeResponse<"consumer-group-heartbeat"> {
    return {
      memberId,
      memberEpoch,
      heartbeatIntervalMs: this.heartbeatIntervalMs,
      sessionTimeoutMs: this.sessionTimeoutMs,
      ...(assignment === undefined ? {} : { assignment }),
    };
  }

  /** Its assignment, if it has not been told that one. */
  #news(member: Member): NativeResponse<"consumer-group-heartbeat">["assignment"] {
    const given = [...member.given].sort().join(" ");
    if (member.told === `given ${given}`) return undefined;
    member.told = `given ${given}`;
    member.epoch += 1;
    return this.#topics.list().flatMap(({ partitionCount, topic, topicId }) => {
      const partitions = Array.from({ length: partitionCount }, (_, index) => index).filter(
        (partition) => member.given.has(`${topicId}:${partition}`),
      );
      return partitions.length === 0 ? [] : [{ topic, topicId: topicId as never, partitions }];
    });
  }

  #assign(groupId: string): void {
    const members = [...this.#group(groupId).members.values()].sort((a, b) =>
      a.memberId < b.memberId ? -1 : 1,
    );
    const wanted = new Map(members.map((member) => [member, new Set<string>()]));
    let turn = 0;
    for (const { partitionCount, topic, topicId } of this.#topics.list()) {
      const subscribers = members.filter(({ pattern, topics }) => {
        return topics.includes(topic) || new RegExp(`^(?:${pattern ?? "$^"})$`, "u").test(topic);
      });
      for (let partition = 0; partition < partitionCount && subscribers.length > 0; partition++) {
        wanted.get(subscribers[turn % subscribers.length]!)?.add(`${topicId}:${partition}`);
        turn += 1;
      }
    }
    for (const [member, partitions] of wanted) {
      const others = members.filter((other) => other !== member);
      member.given = new Set(
        [...partitions].filter((p) => others.every((o) => !o.owned.has(p) && !o.given.has(p))),
      );
    }
  }

  #remove(groupId: string, memberId: string): void {
    const { members } = this.#group(groupId);
    members.get(memberId)?.session?.cancel();
    members.delete(memberId);
    this.#assign(groupId);
  }

  #commit(request: NativeRequest<"commit-offsets">): GroupAnswer {
    const { generationIdOrMemberEpoch, groupId, memberId } = request;
    const { members, offsets } = this.#group(groupId);
    const member = members.get(memberId ?? "");
    if (memberId !== undefined && member === undefined) return refusal("UNKNOWN_MEMBER_ID");
    if (member !== undefined && member.epoch !== generationIdOrMemberEpoch) {
      return refusal("STALE_MEMBER_EPOCH");
    }
    const topics = request.topics.map(({ partitions, topic }) => ({
      topic,
      partitions: partitions.map(({ leaderEpoch, metadata, offset, partition }) => {
        const key = `${topic}-${partition}`;
        offsets.set(key, {
          offset,
          ...(leaderEpoch === undefined ? {} : { leaderEpoch }),
          ...(metadata === undefined ? {} : { metadata }),
        });
        this.commits.push({ group: groupId, memberId, partition: key, offset });
        return { partition };
      }),
    }));
    return { message: { topics } };
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

function newMember(memberId: string): Member {
  return {
    memberId,
    epoch: 0,
    topics: [],
    pattern: undefined,
    given: new Set(),
    owned: new Set(),
    told: "",
    session: undefined,
  };
}

function refusal(code: string): GroupAnswer {
  const { retriable = false } = ERROR_CODES[code as keyof typeof ERROR_CODES] ?? {};
  return { refusal: { code, message: `scripted ${code}`, retriable } };
}
