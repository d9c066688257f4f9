import { type Clock, timestamp } from "@zoolog/base";
import type { NativeResponse, OffsetSpec } from "@zoolog/protocol";
import type { CallLimits } from "../../cluster/call-attempts.ts";
import type { Cluster } from "../../cluster/cluster.ts";
import type { OffsetLookup } from "../../cluster/offset-lookup.ts";
import { startUnknown } from "../../errors.ts";
import type { GroupCoordinator } from "../../groups/group-coordinator.ts";
import { itemFailure } from "../../retriable.ts";
import type { ConsumerPartition } from "../consumer-options.ts";

/** Where a partition begins; `isNew`: the group had no offset of it. */
export type StartOffset = ConsumerPartition & { readonly offset: number; readonly isNew: boolean };

export type StartOffsetsDependencies = {
  readonly cluster: Cluster;
  readonly coordinator: GroupCoordinator;
  readonly lookup: OffsetLookup;
  readonly clock: Clock;
};

type ByTopic = ReadonlyMap<string, readonly number[]>;

/** Finds out where a member begins to read: at the committed offset, or where the user says. */
export class StartOffsets {
  readonly #group: string;
  readonly #from: "earliest" | "latest" | Date | undefined;
  readonly #dependencies: StartOffsetsDependencies;
  /** How many partitions a topic had when this consumer first heard of it. */
  readonly #countsAtFirst = new Map<string, number>();

  constructor(
    options: { readonly group: string; readonly from: "earliest" | "latest" | Date | undefined },
    dependencies: StartOffsetsDependencies,
  ) {
    this.#group = options.group;
    this.#from = options.from;
    this.#dependencies = dependencies;
  }

  /** @throws ZoologError `NO_COMMITTED_OFFSET` when nobody says where to begin. */
  async find(partitions: readonly ConsumerPartition[], limits: CallLimits): Promise<StartOffset[]> {
    const wanted = byTopic(partitions);
    for (const [topic, indexes] of wanted) {
      const { cluster } = this.#dependencies;
      const { partitionCount } = await cluster.topic(topic, limits);
      if (!this.#countsAtFirst.has(topic)) this.#countsAtFirst.set(topic, partitionCount);
      // The coordinator knows of partitions that we have not heard of.
      if (Math.max(...indexes) >= partitionCount) await cluster.refresh([topic]);
    }
    const starts = await this.#committed(wanted, limits);
    const has = new Set(starts.map(({ partition, topic }) => `${topic}-${partition}`));
    const missing = partitions.filter(({ partition, topic }) => !has.has(`${topic}-${partition}`));
    for (const [topic, indexes] of byTopic(missing)) {
      starts.push(...(await this.#chosen(topic, indexes, limits)));
    }
    return starts;
  }

  /** The first record not older than `at`, of each partition; the end where there is none. */
  async at(
    topic: string,
    specs: ReadonlyMap<number, OffsetSpec>,
    limits: CallLimits,
  ): Promise<Map<number, number>> {
    const { lookup } = this.#dependencies;
    const found = await lookup.find(topic, specs, limits);
    const open = [...found].filter(([, { offset }]) => offset === undefined);
    const ends = await lookup.find(topic, new Map(open.map(([p]) => [p, "latest"])), limits);
    return new Map(
      [...found].map(([partition, { offset }]) => [
        partition,
        offset ?? ends.get(partition)?.offset ?? 0,
      ]),
    );
  }

  async #committed(wanted: ByTopic, limits: CallLimits): Promise<StartOffset[]> {
    const topics = [...wanted].map(([topic, partitions]) => ({ topic, partitions }));
    const answer = await this.#dependencies.coordinator.call(
      "committed-offsets",
      () => ({ groupId: this.#group, topics }),
      limits,
      { refusal: refusalOf },
    );
    return answer.topics.flatMap(({ partitions, topic }) =>
      partitions.flatMap((entry) => {
        if ("error" in entry || entry.offset === undefined) return [];
        return [{ topic, partition: entry.partition, offset: entry.offset, isNew: false }];
      }),
    );
  }

  async #chosen(
    topic: string,
    partitions: readonly number[],
    limits: CallLimits,
  ): Promise<StartOffset[]> {
    const from = this.#from;
    if (from === undefined) return this.#added(topic, partitions, limits);
    const atFirst = this.#countsAtFirst.get(topic) ?? 0;
    const specs = new Map(
      partitions.map((partition): [number, OffsetSpec] => {
        // Added while we read: what was written before we heard of it must not be skipped.
        if (partition >= atFirst) return [partition, "earliest"];
        return [partition, from instanceof Date ? { timestamp: timestamp(from.getTime()) } : from];
      }),
    );
    const found = await this.at(topic, specs, limits);
    return [...found].map(([partition, offset]) => ({ topic, partition, offset, isNew: true }));
  }

  /**
   * Nobody said where to begin, as the group knows where it is. Partitions above those that it has
   * offsets of were added since, and nothing of them may be skipped: they begin at their start.
   */
  async #added(
    topic: string,
    partitions: readonly number[],
    limits: CallLimits,
  ): Promise<StartOffset[]> {
    const below = Array.from({ length: Math.max(...partitions) }, (_, partition) => partition);
    const known =
      below.length === 0 ? [] : await this.#committed(new Map([[topic, below]]), limits);
    const newest = Math.max(-1, ...known.map(({ partition }) => partition));
    const unknown = partitions.find((partition) => newest === -1 || partition < newest);
    if (unknown !== undefined) throw startUnknown(this.#group, { topic, partition: unknown });
    const specs = new Map(partitions.map((p): [number, OffsetSpec] => [p, "earliest"]));
    const found = await this.at(topic, specs, limits);
    return [...found].map(([partition, offset]) => ({ topic, partition, offset, isNew: true }));
  }
}

function refusalOf({ topics }: NativeResponse<"committed-offsets">): unknown {
  for (const { partitions, topic } of topics) {
    for (const entry of partitions) {
      if ("error" in entry) return itemFailure(`${topic}-${entry.partition}`, entry.error);
    }
  }
  return undefined;
}

export function byTopic(partitions: readonly ConsumerPartition[]): Map<string, number[]> {
  const topics = new Map<string, number[]>();
  for (const { partition, topic } of partitions) {
    const known = topics.get(topic);
    if (known === undefined) topics.set(topic, [partition]);
    else known.push(partition);
  }
  return topics;
}
