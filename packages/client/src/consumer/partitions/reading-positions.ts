import { timestamp } from "@zoolog/base";
import { requireList, requireObject, requireWholeNumber } from "../../arguments.ts";
import type { CallLimits } from "../../cluster/call-attempts.ts";
import { invalidOption } from "../../errors.ts";
import { notAssigned } from "../../groups/errors.ts";
import type { ConsumerPartition } from "../consumer-options.ts";
import type { RecordSupply } from "../records/record-supply.ts";
import type { GroupPartition } from "./group-partition.ts";
import type { HeldPartitions } from "./held-partitions.ts";
import type { StartOffsets } from "./start-offsets.ts";

/** How far a consumer is with one partition. */
export type ConsumerPosition = ConsumerPartition & {
  /** Next offset to hand out; `undefined` before the start has been found out. */
  readonly position: number | undefined;
  /** First offset that is not handled: what a commit says. */
  readonly handled: number | undefined;
  readonly committed: number | undefined;
  /** As of the last fetch. */
  readonly highWatermark: number | undefined;
  /** Records from `handled` to the high watermark. */
  readonly lag: number | undefined;
  readonly paused: boolean;
};

/** Where in a partition to go on reading. */
export type SeekTarget = "start" | "end" | number | Date;

/** What the user asks of the partitions that are held, and does with them, while they are read. */
export class ReadingPositions<K, V> {
  readonly #held: HeldPartitions<K, V>;
  readonly #starts: StartOffsets;
  readonly #supply: RecordSupply<K, V>;

  constructor(dependencies: {
    readonly held: HeldPartitions<K, V>;
    readonly starts: StartOffsets;
    readonly supply: RecordSupply<K, V>;
  }) {
    this.#held = dependencies.held;
    this.#starts = dependencies.starts;
    this.#supply = dependencies.supply;
  }

  all(): ConsumerPosition[] {
    return this.#held.all().map((partition) => {
      const { committed, handled, source, topicPartition } = partition;
      const { highWatermark } = source;
      const lag =
        highWatermark === undefined || handled === undefined
          ? undefined
          : Math.max(0, highWatermark - handled);
      const { partition: index, topic } = topicPartition;
      return {
        topic,
        partition: index,
        position: handled === undefined ? undefined : source.position,
        handled,
        committed,
        highWatermark,
        lag,
        paused: source.paused,
      };
    });
  }

  /** @throws ZoologError `NOT_ASSIGNED` */
  assigned(given: ConsumerPartition): GroupPartition<K, V> {
    requireObject("partition", given);
    const partition = this.#held.find(given);
    if (partition === undefined) throw notAssigned(given);
    return partition;
  }

  /** @throws ZoologError `NOT_ASSIGNED` */
  of(given: ConsumerPartition): number | undefined {
    const { handled, source } = this.assigned(given);
    return handled === undefined ? undefined : source.position;
  }

  /** @throws ZoologError `NOT_ASSIGNED` */
  pause(partitions: readonly ConsumerPartition[]): void {
    requireList("partitions", partitions);
    for (const given of partitions) {
      const partition = this.assigned(given);
      if (partition.source.paused) continue;
      partition.source.paused = true;
      // What was fetched ahead would hold memory that the others can use.
      if (partition.handled === undefined) continue;
      partition.seek({ at: "offset", offset: partition.source.position });
      this.#supply.renew();
    }
  }

  /** @throws ZoologError `NOT_ASSIGNED` */
  resume(partitions: readonly ConsumerPartition[]): void {
    requireList("partitions", partitions);
    for (const given of partitions) this.assigned(given).source.paused = false;
    this.#supply.renew();
  }

  /** @throws ZoologError `NOT_ASSIGNED`, `REQUEST_TIMED_OUT` */
  async seek(given: ConsumerPartition, to: SeekTarget, limits: CallLimits): Promise<void> {
    this.assigned(given);
    const offset = await this.#offsetOf(given, to, limits);
    const partition = this.assigned(given);
    const wasKnown = partition.handled !== undefined;
    partition.beginAt(offset);
    if (wasKnown) this.#supply.renew();
  }

  async #offsetOf(
    { partition, topic }: ConsumerPartition,
    to: SeekTarget,
    limits: CallLimits,
  ): Promise<number> {
    if (typeof to === "number") {
      requireWholeNumber("to", to);
      return to;
    }
    const names = { start: "earliest", end: "latest" } as const;
    const spec = to instanceof Date ? { timestamp: timestamp(to.getTime()) } : names[to];
    if (spec === undefined) {
      throw invalidOption("to", `must be "start", "end", an offset or a Date, not ${String(to)}`);
    }
    const found = await this.#starts.at(topic, new Map([[partition, spec]]), limits);
    return found.get(partition) ?? 0;
  }
}
