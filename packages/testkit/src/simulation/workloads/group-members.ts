import type { Random } from "@zoolog/base";
import { oneOf } from "../chance.ts";
import { type GroupMember, joinGroup } from "./group-member.ts";
import type { Workload, WorkloadParts } from "./workload.ts";

export type GroupMembersOptions = {
  readonly group: string;
  readonly members: number;
  readonly topics: readonly string[];
  /** Members come and go, stand still, and subscribe to other topics. */
  readonly isRestless: boolean;
  /** Members go on where records that they had read are gone; else they fail. */
  readonly outlivesLosses: boolean;
};

const LOOK_MS = 200;
/** How long a member does one thing, ms. */
const STAY_MS = { least: 300, more: 4_000 };
/** For a part of a session, or for longer than one. */
const FREEZE_MS_MAX = 12_000;

/**
 * Members of one group, by one of both protocols, which note each record before it counts as handled.
 * Whoever leaves or dies is followed by another life, sometimes under the same instance id.
 */
export class GroupMembers implements Workload {
  readonly #options: GroupMembersOptions;
  readonly #parts: WorkloadParts;
  readonly #protocol: "consumer" | "classic";
  readonly #members = new Map<number, GroupMember>();
  readonly #slots: Promise<void>[] = [];
  #isRestless: boolean;

  constructor(options: GroupMembersOptions, parts: WorkloadParts) {
    this.#options = options;
    this.#parts = parts;
    this.#isRestless = options.isRestless;
    const chance = parts.world.random.of(`${options.group} protocol`);
    this.#protocol = chance.next() < 0.5 ? "consumer" : "classic";
    for (const name of options.topics) this.#reading(name);
  }

  start(): void {
    for (let slot = 0; slot < this.#options.members; slot++) this.#slots.push(this.#fill(slot));
  }

  async calm(): Promise<void> {
    this.#isRestless = false;
    await Promise.all(this.#slots);
  }

  /** Waits until the group has committed everything there is. */
  async drain(): Promise<void> {
    const { history, topics, world } = this.#parts;
    const { group } = this.#options;
    const { client, process } = world.client(`${group} observer`);
    const ends = this.#options.topics.flatMap((topic) =>
      history.finalLogs.flatMap(({ key, records }) => {
        const [topicId, partition] = key.split("/");
        if (topicId !== topics.lasts(topic)?.topicId) return [];
        return { topic, partition: Number(partition), end: records.length };
      }),
    );
    for (;;) {
      const offsets = await client.admin.groups.offsets(group).catch(() => []);
      const isDone = ends.every(
        ({ end, partition, topic }) =>
          offsets.some(
            (one) => one.topic === topic && one.partition === partition && one.offset >= end,
          ) || end === 0,
      );
      if (isDone) break;
      await process.sleep(LOOK_MS);
    }
    await client.close();
    process.kill();
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#members.values()].map((member) => member.leave()));
  }

  #reading(topic: string): void {
    const { history, topics } = this.#parts;
    const life = topics.lasts(topic);
    if (life !== undefined) history.reading(this.#options.group, life.topicId);
  }

  /** Has a member in its place, most of the time; one that stays when this ends. */
  async #fill(slot: number): Promise<void> {
    const { world } = this.#parts;
    const chance = world.random.of(`${this.#options.group} slot ${slot}`);
    const isStatic = this.#options.isRestless && chance.next() < 0.3;
    for (let life = 1; ; life++) {
      const member = this.#join({ slot, life, isStatic }, chance);
      while (this.#isRestless && !member.hasEnded) {
        await world.wait(STAY_MS.least + STAY_MS.more * chance.next());
        if (this.#isRestless) await happens(member, chance);
      }
      if (member.isWhole && !member.hasEnded) return;
      await member.leave();
    }
  }

  #join(
    who: { readonly slot: number; readonly life: number; readonly isStatic: boolean },
    chance: Random,
  ): GroupMember {
    const { group, topics } = this.#options;
    const one = oneOf(topics, chance) ?? "";
    const isPartial = this.#isRestless && who.slot > 0 && chance.next() < 0.4;
    const member = joinGroup(
      {
        group,
        name: `${group}-${who.slot + 1}.${who.life}`,
        protocol: this.#protocol,
        topics: isPartial ? [one] : topics,
        isWhole: !isPartial,
        outlivesLosses: this.#options.outlivesLosses,
        instanceId: who.isStatic ? `instance-${who.slot + 1}` : undefined,
      },
      this.#parts,
    );
    this.#members.set(who.slot, member);
    return member;
  }
}

async function happens(member: GroupMember, chance: Random): Promise<void> {
  const drawn = chance.next();
  if (drawn < 0.3) await member.leave();
  else if (drawn < 0.5) member.kill();
  else if (drawn < 0.65) await member.freeze(FREEZE_MS_MAX * chance.next() ** 2);
}
