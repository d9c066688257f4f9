import { type Clock, errorCode } from "@zoolog/base";
import type {
  DescribeGroupsResponse,
  GroupLagResponse,
  GroupStateName,
  GroupTypeName,
  ItemError,
  ListGroupsResponse,
} from "@zoolog/protocol";
import { requireList } from "../arguments.ts";
import type { Cluster } from "../cluster/cluster.ts";
import type { OffsetLookup } from "../cluster/offset-lookup.ts";
import { groupHasMembers } from "../groups/errors.ts";
import { byTopic } from "./by-topic.ts";
import { type AdminCallOptions, limitsOf } from "./call-options.ts";
import type { DirectedCalls } from "./directed-calls.ts";
import { type OffsetReset, type OffsetResetPlan, planMoves, requireReset } from "./offset-reset.ts";

type Known<T> = Exclude<T, { readonly error: unknown }>;

export type GroupListing = ListGroupsResponse["groups"][number];
export type GroupDescription = Known<DescribeGroupsResponse["groups"][number]>;
export type GroupLag = Extract<GroupLagResponse["groups"][number], { readonly topics: unknown }>;
export type PartitionLag = GroupLag["topics"][number]["partitions"][number];

/** Where a group goes on reading one partition. */
export type GroupOffset = {
  readonly topic: string;
  readonly partition: number;
  /** Of the next record to read. */
  readonly offset: number;
  readonly leaderEpoch?: number;
  /** The consumer's own note. */
  readonly metadata?: string;
  /** When it was committed, ms since 1970. */
  readonly committedAt?: number;
};

/** One member, by either of its names. */
export type GroupMemberName = { readonly memberId: string } | { readonly groupInstanceId: string };

/** Consumer groups. Made by `client.admin.groups`. */
export class GroupAdmin {
  readonly #calls: DirectedCalls;
  readonly #cluster: Cluster;
  readonly #lookup: OffsetLookup;
  readonly #clock: Clock;

  constructor(dependencies: {
    readonly calls: DirectedCalls;
    readonly cluster: Cluster;
    readonly lookup: OffsetLookup;
    readonly clock: Clock;
  }) {
    this.#clock = dependencies.clock;
    this.#calls = dependencies.calls;
    this.#cluster = dependencies.cluster;
    this.#lookup = dependencies.lookup;
  }

  /** The groups of the whole cluster, sorted by name. */
  async list(
    options: AdminCallOptions & {
      readonly states?: readonly GroupStateName[];
      readonly types?: readonly GroupTypeName[];
    } = {},
  ): Promise<GroupListing[]> {
    const { states, types } = options;
    const request = { ...(states && { states }), ...(types && { types }) };
    const answers = await this.#calls.everyBroker("list-groups", request, limitsOf(options));
    const groups = new Map<string, GroupListing>();
    // One that has just moved may be listed by both.
    for (const answer of answers.values()) {
      for (const group of answer.groups) groups.set(group.group, group);
    }
    return [...groups.values()].sort((a, b) => (a.group < b.group ? -1 : 1));
  }

  /** Which broker coordinates each of these groups; `undefined` where none does at the moment. */
  async coordinators(
    groups: readonly string[],
    options: AdminCallOptions = {},
  ): Promise<Map<string, number | undefined>> {
    requireList("groups", groups);
    const limits = limitsOf(options);
    const answer = await this.#cluster.anyBroker("find-coordinator", { groups }, limits);
    return new Map(
      answer.groups.map((found) => [found.group, "error" in found ? undefined : found.brokerId]),
    );
  }

  /** @throws ZoologError `GROUP_ID_NOT_FOUND` */
  async describe(groupId: string, options: AdminCallOptions = {}): Promise<GroupDescription> {
    const answer = await this.#calls.coordinator(
      groupId,
      "describe-groups",
      { groups: [groupId] },
      limitsOf(options),
      (found) => refusalOf(found.groups[0]),
    );
    return answer.groups[0] as GroupDescription;
  }

  /** How far a group is behind, in records and in time. @throws ZoologError `GROUP_ID_NOT_FOUND` */
  async lag(groupId: string, options: AdminCallOptions = {}): Promise<GroupLag> {
    const answer = await this.#calls.coordinator(
      groupId,
      "group-lag",
      { groups: [groupId] },
      limitsOf(options),
      (found) => refusalOf(found.groups[0]),
    );
    return answer.groups[0] as GroupLag;
  }

  /** How far each of these groups is behind; those that are gone meanwhile are left out. */
  async lags(groups: readonly GroupListing[], options: AdminCallOptions = {}): Promise<GroupLag[]> {
    const limits = limitsOf(options);
    const byCoordinator = new Map<number, string[]>();
    for (const { coordinator, group } of groups) {
      byCoordinator.set(coordinator, [...(byCoordinator.get(coordinator) ?? []), group]);
    }
    const answers = await Promise.all(
      [...byCoordinator].map(([coordinator, names]) =>
        this.#calls.broker(coordinator, "group-lag", { groups: names }, limits),
      ),
    );
    const found = answers.flatMap((answer) => answer.groups);
    return found.flatMap((group) => ("error" in group ? [] : [group]));
  }

  /** Where a group goes on reading: what it has committed, of all topics. */
  async offsets(groupId: string, options: AdminCallOptions = {}): Promise<GroupOffset[]> {
    const answer = await this.#calls.coordinator(
      groupId,
      "committed-offsets",
      { groupId },
      limitsOf(options),
      refusedPartition,
    );
    return answer.topics.flatMap(({ partitions, topic }) =>
      partitions.flatMap((entry) => {
        if ("error" in entry || entry.offset === undefined) return [];
        const { committedAt, leaderEpoch, metadata, offset, partition } = entry;
        const place = { topic, partition, offset };
        return [
          {
            ...place,
            ...(leaderEpoch === undefined ? {} : { leaderEpoch }),
            ...(metadata === undefined ? {} : { metadata }),
            ...(committedAt === undefined ? {} : { committedAt }),
          },
        ];
      }),
    );
  }

  /**
   * Moves a group that has no members: resolves when ZooKeeper has the offsets. A group that does
   * not exist yet is created.
   *
   * @throws ZoologError `UNKNOWN_MEMBER_ID` or `NON_EMPTY_GROUP` while the group has members;
   *   `UNKNOWN_TOPIC_OR_PARTITION`, … Partitions named before the one refused may be moved.
   */
  async setOffsets(
    groupId: string,
    offsets: readonly Omit<GroupOffset, "committedAt">[],
    options: AdminCallOptions = {},
  ): Promise<void> {
    requireList("offsets", offsets);
    const topics = byTopic(offsets, ({ partition, offset, leaderEpoch, metadata }) => ({
      partition,
      offset: offset as never,
      ...(leaderEpoch === undefined ? {} : { leaderEpoch: leaderEpoch as never }),
      ...(metadata === undefined ? {} : { metadata }),
    }));
    const request = { groupId, topics };
    const limits = limitsOf(options);
    await this.#calls.coordinator(groupId, "commit-offsets", request, limits, refusedPartition);
  }

  /**
   * What moving a group would change. Nothing is changed before `apply()` of the answer. Default:
   * all partitions that the group has committed; so of a group that is to be made, name topics.
   *
   * @throws ZoologError `UNKNOWN_TOPIC_OR_PARTITION`, `INVALID_OPTION`
   */
  async planReset(
    groupId: string,
    reset: OffsetReset,
    options: AdminCallOptions = {},
  ): Promise<OffsetResetPlan> {
    requireReset(reset);
    const committed = await this.offsets(groupId, options).catch((error: unknown) => {
      if (errorCode(error) === "GROUP_ID_NOT_FOUND") return [];
      throw error;
    });
    const dependencies = { cluster: this.#cluster, lookup: this.#lookup, clock: this.#clock };
    const moves = await planMoves(reset, committed, dependencies, limitsOf(options));
    const apply = async (given: AdminCallOptions = {}) => {
      await this.#requireEmpty(groupId, given);
      const offsets = moves.map(({ after, metadata, partition, topic }) => {
        return { topic, partition, offset: after, ...(metadata === undefined ? {} : { metadata }) };
      });
      if (offsets.length > 0) await this.setOffsets(groupId, offsets, given);
    };
    return { groupId, moves, apply };
  }

  /** @throws ZoologError `NON_EMPTY_GROUP`, with the names of who is there. */
  async #requireEmpty(groupId: string, options: AdminCallOptions): Promise<void> {
    try {
      const { members } = await this.describe(groupId, options);
      if (members.length > 0) throw groupHasMembers(groupId, members);
    } catch (error) {
      if (errorCode(error) !== "GROUP_ID_NOT_FOUND") throw error;
    }
  }

  /**
   * Forgets where a group goes on reading these partitions.
   *
   * @throws ZoologError `GROUP_SUBSCRIBED_TO_TOPIC`, `GROUP_ID_NOT_FOUND`
   */
  async deleteOffsets(
    groupId: string,
    partitions: readonly { readonly topic: string; readonly partition: number }[],
    options: AdminCallOptions = {},
  ): Promise<void> {
    requireList("partitions", partitions);
    const request = { groupId, topics: byTopic(partitions, ({ partition }) => partition) };
    const limits = limitsOf(options);
    await this.#calls.coordinator(groupId, "delete-offsets", request, limits, refusedPartition);
  }

  /** @throws ZoologError `NON_EMPTY_GROUP` while it has members, `GROUP_ID_NOT_FOUND` */
  async delete(groupId: string, options: AdminCallOptions = {}): Promise<void> {
    await this.#calls.coordinator(
      groupId,
      "delete-groups",
      { groups: [groupId] },
      limitsOf(options),
      (answer) => answer.groups[0]?.error,
    );
  }

  /** Removes members, as if they had left. @throws ZoologError `UNKNOWN_MEMBER_ID` */
  async removeMembers(
    groupId: string,
    members: readonly GroupMemberName[],
    options: AdminCallOptions & { readonly reason?: string } = {},
  ): Promise<void> {
    requireList("members", members);
    const { reason } = options;
    const leaving = members.map((member) => ({ ...member, ...(reason && { reason }) }));
    await this.#calls.coordinator(
      groupId,
      "leave-group",
      { groupId, members: leaving },
      limitsOf(options),
      (answer) => answer.members.find(({ error }) => error !== undefined)?.error,
    );
  }
}

function refusalOf(entry: object | undefined): ItemError | undefined {
  if (entry === undefined) return { code: "GROUP_ID_NOT_FOUND", message: "there is no such group" };
  return "error" in entry ? (entry.error as ItemError) : undefined;
}

function refusedPartition(answer: {
  readonly topics: readonly {
    readonly topic: string;
    readonly partitions: readonly { readonly partition: number; readonly error?: ItemError }[];
  }[];
}): ItemError | undefined {
  for (const { partitions, topic } of answer.topics) {
    for (const { error, partition } of partitions) {
      if (error === undefined) continue;
      const where = `${topic}-${partition}`;
      const { code, message } = error;
      return { code, message: message.includes(where) ? message : `${where}: ${message}` };
    }
  }
  return undefined;
}
