import { unreachable, type ZoologError } from "@zoolog/base";
import type { GroupRecord, GroupState } from "@zoolog/group-coordinator";
import { tooManyGroups } from "./errors.ts";
import type { GroupRequest } from "./group-request.ts";

/** Groups of one broker. Each is a znode, and a failover reads all of a broker's in a second or two. */
const GROUPS_MAX = 100_000;

/** What members sent and were assigned, as far as it is kept in memory. */
const STATE_BYTES_MAX = 256 * 1024 * 1024;

/**
 * To that a leader may add what it assigns to members that are there: without it their group ends.
 * It is bounded here, so that memory is.
 */
const ASSIGNED_BYTES_MAX = 2 * STATE_BYTES_MAX;

/**
 * Joins that wait for others, for as long as the slowest member of their group may take. Together
 * with the parked heartbeats they leave a part of the plane's calls (10,000) to everybody else.
 */
const JOINS_WAITING_MAX = 3_000;

/**
 * Heartbeats whose answers wait for news. Each is a call and, over HTTP, a connection: well below
 * what the plane has of both (10,000), so that members never crowd out readers and writers.
 */
const PARKED_MAX = 4_000;

/** Whatever else waits: each member that is there for its assignment, and all for ZooKeeper. */
const WAITING_MAX = 100_000;

/** Of a member beside its lists and bytes: its ids, its place in the maps. */
const MEMBER_BYTES = 1_000;

/** Of each item of its lists beside its own length. */
const ITEM_BYTES = 64;

/**
 * How much of this broker its groups may take: counted for all slots together.
 *
 * Only what makes groups larger is refused. What members that are there need to stay (heartbeats,
 * commits, syncs, joining again as they are, leaving) goes on: else whoever fills the memory would
 * end the groups of everybody.
 */
export class GroupBudget {
  #groups = 0;
  #bytes = 0;
  #joinsWaiting = 0;
  #othersWaiting = 0;
  #parked = 0;

  get bytes(): number {
    return this.#bytes;
  }

  get waiting(): number {
    return this.#joinsWaiting + this.#othersWaiting;
  }

  get parked(): number {
    return this.#parked;
  }

  /** Why there is no room for one more request. `state`: of its group; `undefined`: there is none. */
  fault(request: GroupRequest, state: GroupState | undefined): ZoologError | undefined {
    const isJoin = request.type === "joinGroup";
    if (isJoin ? this.#joinsWaiting >= JOINS_WAITING_MAX : this.#othersWaiting >= WAITING_MAX) {
      return tooManyGroups("waiting requests");
    }
    if (state === undefined && this.#groups >= GROUPS_MAX && makesGroup(request)) {
      return tooManyGroups("groups");
    }
    const max = request.type === "syncGroup" ? ASSIGNED_BYTES_MAX : STATE_BYTES_MAX;
    return this.#bytes >= max && growth(request, state) > 0 ? tooManyGroups("members") : undefined;
  }

  began({ type }: GroupRequest): void {
    if (type === "joinGroup") this.#joinsWaiting += 1;
    else this.#othersWaiting += 1;
  }

  ended({ type }: GroupRequest): void {
    if (type === "joinGroup") this.#joinsWaiting -= 1;
    else this.#othersWaiting -= 1;
  }

  /** Takes a place for a heartbeat that waits for news; false: there is none, it is answered. */
  park(): boolean {
    if (this.#parked >= PARKED_MAX) return false;
    this.#parked += 1;
    return true;
  }

  unpark(): void {
    this.#parked -= 1;
  }

  /** What records have changed. `undefined`: the group is, or was, not there. */
  changed(
    before: GroupState | undefined,
    after: GroupState | undefined,
    records: readonly GroupRecord[],
  ): void {
    this.#groups += Number(after !== undefined) - Number(before !== undefined);
    if (before === undefined || after === undefined) {
      this.#bytes += groupBytes(after) - groupBytes(before);
      return;
    }
    this.#bytes += pendingBytes(after) - pendingBytes(before);
    const members = new Set(records.flatMap((record) => memberOf(record) ?? []));
    for (const memberId of members) {
      this.#bytes += memberBytes(after, memberId) - memberBytes(before, memberId);
    }
  }
}

function memberOf(record: GroupRecord): string | undefined {
  return "memberId" in record ? record.memberId : undefined;
}

/** Whether the request may bring a group into being that is not there. */
export function makesGroup(request: GroupRequest): boolean {
  const { type } = request;
  if (type === "consumerGroupHeartbeat") return request.memberEpoch === "join";
  return type === "joinGroup" || (type === "commitOffsets" && request.memberId === undefined);
}

/** By how much the group is larger when the request is granted: positive or not is what counts. */
function growth(request: GroupRequest, state: GroupState | undefined): number {
  switch (request.type) {
    case "joinGroup": {
      const member = presentMember(request, state);
      if (member === undefined) return MEMBER_BYTES;
      return protocolBytes(request) - (member.type === "classic" ? protocolBytes(member) : 0);
    }
    case "syncGroup": {
      const assigned = request.assignments.reduce((sum, one) => sum + one.assignment.length, 0);
      return assigned - assignedBytes(state);
    }
    case "consumerGroupHeartbeat": {
      const member = presentMember(request, state);
      if (member === undefined) return request.memberEpoch === "join" ? MEMBER_BYTES : 0;
      if (member.type === "classic") return 0;
      const { topics, pattern } = member.subscription;
      const { subscribedTopics = topics, subscribedPattern = pattern } = request;
      const asked = { topics: subscribedTopics, pattern: subscribedPattern };
      return subscriptionBytes(asked) - subscriptionBytes(member.subscription);
    }
    case "heartbeat":
    case "leaveGroup":
    case "commitOffsets":
    case "deleteGroup":
    case "deleteOffsets":
      return 0;
    default:
      return unreachable(request);
  }
}

/** Also a static member that comes back without the id it had. */
function presentMember(
  request: { readonly memberId: string | undefined; readonly groupInstanceId: string | undefined },
  state: GroupState | undefined,
) {
  const { memberId, groupInstanceId } = request;
  const former = groupInstanceId === undefined ? undefined : state?.instances.get(groupInstanceId);
  return state?.members.get(memberId ?? former ?? "") ?? state?.members.get(former ?? "");
}

function assignedBytes(state: GroupState | undefined): number {
  if (state?.type !== "classic") return 0;
  let bytes = 0;
  for (const { assignment } of state.members.values()) bytes += assignment.length;
  return bytes;
}

/** What a group takes in memory. */
export function groupBytes(state: GroupState | undefined): number {
  let bytes = pendingBytes(state);
  for (const memberId of state?.members.keys() ?? []) bytes += memberBytes(state, memberId);
  return bytes;
}

/** Of ids that were told and have not joined yet. */
function pendingBytes(state: GroupState | undefined): number {
  return state?.type === "classic" ? MEMBER_BYTES * state.pendingMembers.size : 0;
}

function memberBytes(state: GroupState | undefined, memberId: string): number {
  const member = state?.members.get(memberId);
  if (member === undefined) return 0;
  if (member.type === "classic") {
    return MEMBER_BYTES + protocolBytes(member) + member.assignment.byteLength;
  }
  let bytes = MEMBER_BYTES + subscriptionBytes(member.subscription);
  for (const partitions of [member.assigned, member.revoking, member.target]) {
    for (const indexes of partitions.values()) bytes += ITEM_BYTES + 8 * indexes.length;
  }
  return bytes;
}

function protocolBytes({
  protocols,
}: {
  readonly protocols: readonly { readonly name: string; readonly metadata: Uint8Array }[];
}): number {
  return protocols.reduce(
    (sum, { name, metadata }) => sum + ITEM_BYTES + name.length + metadata.byteLength,
    0,
  );
}

function subscriptionBytes(subscription: {
  readonly topics: readonly string[];
  readonly pattern: string | undefined;
}): number {
  const { topics, pattern = "" } = subscription;
  return topics.reduce((sum, topic) => sum + ITEM_BYTES + 2 * topic.length, 2 * pattern.length);
}
