import { topicPartitionKey } from "@zoolog/base";
import type { Client, Consumer, GroupDescription } from "@zoolog/client";
import type { CommandContext } from "../../context.ts";

/**
 * All is read that was there; or the group is stable and others have all of it, or there is nothing
 * that anybody could read.
 */
export type GroupEndFound = "read" | "leftOut" | "nothingToRead";

/**
 * When `consume --group --exit` is done. A partition is, when it is read up to where it ended as it
 * was begun: producers that go on keep nobody. Who has no partition at all asks the coordinator
 * whether that is how it stays: others may be about to give some up.
 */
export class GroupEnd<K, V> {
  readonly #group: string;
  readonly #consumer: Pick<Consumer<K, V>, "assignment" | "memberId">;
  readonly #client: Pick<Client, "admin">;
  readonly #limits: CommandContext["limits"];
  /** Of the partitions that it has, by their names. */
  #ends = new Map<string, number>();

  constructor(
    group: string,
    dependencies: {
      readonly consumer: Pick<Consumer<K, V>, "assignment" | "memberId">;
      readonly client: Pick<Client, "admin">;
      readonly limits: CommandContext["limits"];
    },
  ) {
    this.#group = group;
    this.#consumer = dependencies.consumer;
    this.#client = dependencies.client;
    this.#limits = dependencies.limits;
  }

  /** `undefined`: not yet. @throws ZoologError what describing the group throws */
  async look(): Promise<GroupEndFound | undefined> {
    const assigned = this.#consumer.assignment();
    const known = this.#ends;
    this.#ends = new Map();
    if (assigned.length === 0) return this.#withoutPartitions();
    let isRead = true;
    for (const position of assigned) {
      const { handled, highWatermark } = position;
      const name = topicPartitionKey(position);
      const end = known.get(name) ?? highWatermark;
      if (end !== undefined) this.#ends.set(name, end);
      isRead &&= end !== undefined && handled !== undefined && handled >= end;
    }
    return isRead ? "read" : undefined;
  }

  async #withoutPartitions(): Promise<GroupEndFound | undefined> {
    const { memberId } = this.#consumer;
    if (memberId === undefined) return undefined;
    const { members, state } = await this.#client.admin.groups.describe(this.#group, this.#limits);
    const own = members.find((member) => member.memberId === memberId);
    if (state !== "stable" || own === undefined || hasPartitions(own)) return undefined;
    // Something may have come while it was asked.
    if (this.#consumer.assignment().length > 0) return undefined;
    return members.some(hasPartitions) ? "leftOut" : "nothingToRead";
  }
}

function hasPartitions({ assignment, target }: GroupDescription["members"][number]): boolean {
  return [...assignment, ...(target ?? [])].some(({ partitions }) => partitions.length > 0);
}
