import type { ZoologError } from "@zoolog/base";
import type { GroupRecord, GroupState } from "@zoolog/group-coordinator";
import { tooManyGroups } from "./errors.ts";

/** Groups of one broker. Each is a znode, and a failover reads all of a broker's in a second or two. */
const GROUPS_MAX = 100_000;

/** What members sent and were assigned, as far as it is kept in memory. */
const STATE_BYTES_MAX = 256 * 1024 * 1024;

/** Joins and syncs that wait for others, and whatever waits for ZooKeeper. */
const WAITING_MAX = 20_000;

/**
 * Heartbeats whose answers wait for news. Each is a call and, over HTTP, a connection: well below
 * what the plane has of both (10,000), so that members never crowd out readers and writers.
 */
const PARKED_MAX = 4_000;

/** Of a member beside its lists and bytes: its ids, its place in the maps. */
const MEMBER_BYTES = 1_000;

/** How much of this broker its groups may take: counted for all slots together. */
export class GroupBudget {
  #groups = 0;
  #bytes = 0;
  #waiting = 0;
  #parked = 0;

  get bytes(): number {
    return this.#bytes;
  }

  get waiting(): number {
    return this.#waiting;
  }

  get parked(): number {
    return this.#parked;
  }

  /** Why there is no room for one more request; `isNew` when it may bring a group into being. */
  fault(isNew: boolean): ZoologError | undefined {
    if (this.#waiting >= WAITING_MAX) return tooManyGroups("waiting requests");
    if (isNew && this.#groups >= GROUPS_MAX) return tooManyGroups("groups");
    return this.#bytes >= STATE_BYTES_MAX ? tooManyGroups("members") : undefined;
  }

  began(): void {
    this.#waiting += 1;
  }

  ended(): void {
    this.#waiting -= 1;
  }

  /** Takes a place for a heartbeat that waits for news, if there is one: without it, it is answered. */
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
      this.#bytes += stateBytes(after) - stateBytes(before);
      return;
    }
    const members = new Set(records.flatMap((record) => memberOf(record) ?? []));
    for (const memberId of members) {
      this.#bytes += memberBytes(after, memberId) - memberBytes(before, memberId);
    }
  }
}

function memberOf(record: GroupRecord): string | undefined {
  return "memberId" in record ? record.memberId : undefined;
}

function stateBytes(state: GroupState | undefined): number {
  let bytes = 0;
  for (const memberId of state?.members.keys() ?? []) bytes += memberBytes(state, memberId);
  return bytes;
}

function memberBytes(state: GroupState | undefined, memberId: string): number {
  const member = state?.members.get(memberId);
  if (member === undefined) return 0;
  if (member.type === "classic") {
    const metadata = member.protocols.reduce((sum, { metadata: m }) => sum + m.byteLength, 0);
    return MEMBER_BYTES + metadata + member.assignment.byteLength;
  }
  let bytes = MEMBER_BYTES;
  for (const topic of member.subscription.topics) bytes += 2 * topic.length + 32;
  for (const partitions of [member.assigned, member.revoking, member.target]) {
    for (const indexes of partitions.values()) bytes += 64 + 8 * indexes.length;
  }
  return bytes;
}
