import { timestamp } from "@zoolog/base";
import type { OffsetSpec } from "@zoolog/protocol";
import type { CallLimits } from "../cluster/call-attempts.ts";
import type { Cluster } from "../cluster/cluster.ts";
import type { OffsetLookup } from "../cluster/offset-lookup.ts";
import { invalidOption } from "../errors.ts";
import type { AdminCallOptions } from "./call-options.ts";

/** Where a group is to go on reading. */
export type OffsetReset = {
  /** Default: what the group has committed; without `partitions`: all of the topic. */
  readonly topics?: readonly {
    readonly topic: string;
    readonly partitions?: readonly number[];
  }[];
  /**
   * The log's start or end; an offset; the first record not older than a time; so many records from
   * where the group is, back when negative. Offsets outside the log become its nearest end.
   */
  readonly to: "start" | "end" | number | Date | { readonly shiftBy: number };
};

/** What changes for one partition. */
export type OffsetMove = {
  readonly topic: string;
  readonly partition: number;
  /** `undefined`: nothing was committed. */
  readonly before: number | undefined;
  readonly after: number;
  /** Records that are passed over; negative: that are read again. */
  readonly difference: number | undefined;
};

export type OffsetResetPlan = {
  readonly groupId: string;
  readonly moves: readonly OffsetMove[];
  /**
   * Does it. @throws ZoologError `NON_EMPTY_GROUP` while the group has members.
   */
  readonly apply: (options?: AdminCallOptions) => Promise<void>;
};

type Dependencies = { readonly cluster: Cluster; readonly lookup: OffsetLookup };

export async function planMoves(
  { to, topics }: OffsetReset,
  committed: readonly {
    readonly topic: string;
    readonly partition: number;
    readonly offset: number;
  }[],
  dependencies: Dependencies,
  limits: CallLimits,
): Promise<OffsetMove[]> {
  const moves: OffsetMove[] = [];
  const names = topics ?? [...new Set(committed.map(({ topic }) => topic))].map(nameOf);
  for (const { partitions: chosen, topic } of names) {
    const before = new Map(
      committed.filter((entry) => entry.topic === topic).map((e) => [e.partition, e.offset]),
    );
    const { partitionCount } = await dependencies.cluster.topic(topic, limits);
    const all = topics === undefined ? [...before.keys()] : range(partitionCount);
    const partitions = chosen ?? all;
    const find = async (at: OffsetSpec) => {
      const wanted = new Map(partitions.map((partition) => [partition, at]));
      return await dependencies.lookup.find(topic, wanted, limits);
    };
    const spec = to instanceof Date ? { timestamp: timestamp(to.getTime()) } : "latest";
    const [starts, ends, times] = await Promise.all([find("earliest"), find("latest"), find(spec)]);
    for (const partition of partitions) {
      const start = starts.get(partition)?.offset ?? 0;
      const end = ends.get(partition)?.offset ?? start;
      const was = before.get(partition);
      const wanted = targetOf(to, { start, end, was, atTime: times.get(partition)?.offset });
      const after = Math.min(Math.max(wanted, start), end);
      const difference = was === undefined ? undefined : after - was;
      moves.push({ topic, partition, before: was, after, difference });
    }
  }
  return moves;
}

function targetOf(
  to: OffsetReset["to"],
  known: {
    readonly start: number;
    readonly end: number;
    readonly was: number | undefined;
    readonly atTime: number | undefined;
  },
): number {
  const { atTime, end, start, was } = known;
  if (to === "start") return start;
  if (to === "end") return end;
  // No record is that young: the next one will be.
  if (to instanceof Date) return atTime ?? end;
  const offset = typeof to === "number" ? to : (was ?? start) + to.shiftBy;
  if (!Number.isSafeInteger(offset)) throw invalidOption("to", "must be a whole number");
  return offset;
}

function nameOf(topic: string): { topic: string; partitions?: readonly number[] } {
  return { topic };
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index);
}
