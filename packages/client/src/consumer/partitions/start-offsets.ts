import { type Clock, type LeaderEpoch, timestamp } from "@zoolog/base";
import type { NativeResponse, OffsetSpec } from "@zoolog/protocol";
import type { CallLimits } from "../../cluster/call-attempts.ts";
import type { Cluster } from "../../cluster/cluster.ts";
import type { OffsetLookup } from "../../cluster/offset-lookup.ts";
import { startUnknown } from "../../groups/errors.ts";
import type { GroupCoordinator } from "../../groups/group-coordinator.ts";
import { itemFailure } from "../../retriable.ts";
import type { ConsumerPartition } from "../consumer-options.ts";
import { noteOfBeginning, partitionsAtBeginning } from "./group-beginning.ts";

/** Where a partition begins; `isNew`: the group had no offset of it. */
export type StartOffset = ConsumerPartition & {
  readonly offset: number;
  readonly isNew: boolean;
  /** Of the last record that the group has handled. */
  readonly leaderEpoch?: LeaderEpoch | undefined;
  /** Beside the offset: what the next partition's start is decided by. */
  readonly metadata: string | undefined;
};

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
      await cluster.topicWith(topic, Math.max(...indexes) + 1, limits);
    }
    const starts = await this.#committed(wanted, limits);
    const has = new Set(starts.map(({ partition, topic }) => `${topic}-${partition}`));
    const missing = partitions.filter(({ partition, topic }) => !has.has(`${topic}-${partition}`));
    for (const [topic, indexes] of byTopic(missing)) {
      starts.push(...(await this.#begun(topic, indexes, limits)));
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
        const { leaderEpoch, metadata, offset, partition } = entry;
        return [{ topic, partition, offset, isNew: false, leaderEpoch, metadata }];
      }),
    );
  }

  /**
   * Partitions that the group has no offset of. Those that were added since it began start at their
   * first record, whatever `from` says: nothing that was written since may be skipped.
   */
  async #begun(
    topic: string,
    partitions: readonly number[],
    limits: CallLimits,
  ): Promise<StartOffset[]> {
    const atBeginning = await this.#countAtBeginning(topic, partitions, limits);
    const specs = new Map(
      partitions.map((partition): [number, OffsetSpec] => {
        if (partition >= atBeginning) return [partition, "earliest"];
        const from = this.#from;
        if (from === undefined) throw startUnknown(this.#group, { topic, partition });
        return [partition, from instanceof Date ? { timestamp: timestamp(from.getTime()) } : from];
      }),
    );
    const found = await this.at(topic, specs, limits);
    const metadata = noteOfBeginning(atBeginning);
    return [...found].map(([partition, offset]) => {
      return { topic, partition, offset, isNew: true, metadata };
    });
  }

  /** How many partitions the topic had when the group began to read it. */
  async #countAtBeginning(
    topic: string,
    missing: readonly number[],
    limits: CallLimits,
  ): Promise<number> {
    const atFirst = this.#countsAtFirst.get(topic) ?? 0;
    const count = Math.max(atFirst, ...missing) + 1;
    const others = Array.from({ length: count }, (_, partition) => partition).filter(
      (partition) => !missing.includes(partition),
    );
    const known = await this.#committed(new Map([[topic, others]]), limits);
    const notes = known.flatMap(({ metadata }) => partitionsAtBeginning(metadata) ?? []);
    if (notes.length > 0) return Math.min(...notes);
    // Who has committed without a note has had those up to the newest; the rest may be younger.
    if (known.length > 0) return Math.max(...known.map(({ partition }) => partition)) + 1;
    return atFirst;
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
