import { type Clock, topicPartitionKey } from "@zoolog/base";
import type { OffsetSpec } from "@zoolog/protocol";
import { requireObject } from "../arguments.ts";
import type { CallLimits } from "../cluster/call-attempts.ts";
import type { Cluster } from "../cluster/cluster.ts";
import type { OffsetLookup } from "../cluster/offset-lookup.ts";
import { invalidOption } from "../errors.ts";
import type { OffsetPoint } from "../offsets.ts";
import { offsetOf, timesOf } from "../reader/offset-bounds.ts";
import type { AdminCallOptions } from "./call-options.ts";

/**
 * Where a group is to go on reading. Offsets outside the log become its nearest end.
 *
 * - `"start"`, `"end"`: the log's
 * - a number: that offset
 * - a date: the first record that is not older
 * - a point of the offsets grammar: `{ at: "ago", durationMs: 3_600_000 }`, …
 * - `shiftBy`: so many records from where the group is, or from the start where it is nowhere; back
 *   when negative
 * - `"current"`: where it is, brought into the log; partitions where it is nowhere are left out
 */
export type ResetTarget =
  | "start"
  | "end"
  | "current"
  | number
  | Date
  | OffsetPoint
  | { readonly shiftBy: number };

export type OffsetReset =
  | {
      /** Default: what the group has committed; without `partitions`: all of the topic. */
      readonly topics?: readonly {
        readonly topic: string;
        readonly partitions?: readonly number[] | undefined;
      }[];
      readonly to: ResetTarget;
    }
  /** Each partition for itself, as an export of this or another group has them. */
  | { readonly offsets: readonly WantedOffset[] };

export type WantedOffset = {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  /** The consumer's own note. */
  readonly metadata?: string;
};

/** What changes for one partition. */
export type OffsetMove = {
  readonly topic: string;
  readonly partition: number;
  /** Missing where nothing was committed. */
  readonly before?: number;
  readonly after: number;
  /** Records that are passed over; negative: that are read again. */
  readonly difference?: number;
  readonly lagBefore?: number;
  readonly lagAfter: number;
  /** Where `after` was wanted, when the partition has no such offset. */
  readonly asked?: number;
  readonly metadata?: string;
};

export type OffsetResetPlan = {
  readonly groupId: string;
  readonly moves: readonly OffsetMove[];
  /**
   * Does it. @throws ZoologError `NON_EMPTY_GROUP` while the group has members.
   */
  readonly apply: (options?: AdminCallOptions) => Promise<void>;
};

type Dependencies = {
  readonly cluster: Cluster;
  readonly lookup: OffsetLookup;
  readonly clock: Clock;
};

/** What becomes of one partition. */
type Target = {
  readonly to: OffsetPoint | { readonly shiftBy: number };
  readonly before: number | undefined;
  readonly metadata: string | undefined;
};
type Targets = Map<string, Map<number, Target>>;

/** @throws ZoologError `INVALID_OPTION` */
export function requireReset(reset: OffsetReset): void {
  requireObject("reset", reset);
  if ("to" in reset || "offsets" in reset) return;
  throw invalidOption("reset", "must say where: { to } or { offsets }");
}

export async function planMoves(
  reset: OffsetReset,
  committed: readonly WantedOffset[],
  dependencies: Dependencies,
  limits: CallLimits,
): Promise<OffsetMove[]> {
  const before = new Map(committed.map((entry) => [topicPartitionKey(entry), entry.offset]));
  const targets =
    "offsets" in reset
      ? eachForItself(reset.offsets, before)
      : await allTo(reset, committed, before, dependencies.cluster, limits);
  const moves: OffsetMove[] = [];
  for (const [topic, partitions] of targets) {
    if (partitions.size > 0)
      moves.push(...(await movesIn(topic, partitions, dependencies, limits)));
  }
  return moves;
}

function eachForItself(
  wanted: readonly WantedOffset[],
  before: ReadonlyMap<string, number>,
): Targets {
  const targets: Targets = new Map();
  for (const entry of wanted) {
    const { metadata, offset, partition, topic } = entry;
    const point: OffsetPoint = { at: "offset", offset: wholeNumber("offsets", offset) };
    const name = topicPartitionKey(entry);
    const partitions = partitionsOf(targets, topic);
    if (partitions.has(partition)) throw invalidOption("offsets", `has ${name} twice`);
    partitions.set(partition, { to: point, before: before.get(name), metadata });
  }
  return targets;
}

async function allTo(
  { to, topics }: Extract<OffsetReset, { readonly to: unknown }>,
  committed: readonly WantedOffset[],
  before: ReadonlyMap<string, number>,
  cluster: Cluster,
  limits: CallLimits,
): Promise<Targets> {
  const wanted = to === "current" ? to : wantedOf(to);
  const chosen =
    topics ?? committed.map(({ partition, topic }) => ({ topic, partitions: [partition] }));
  const targets: Targets = new Map();
  for (const { partitions, topic } of chosen) {
    const ofTopic = partitionsOf(targets, topic);
    for (const partition of partitions ??
      range((await cluster.topic(topic, limits)).partitionCount)) {
      const was = before.get(topicPartitionKey({ topic, partition }));
      if (wanted === "current" && was === undefined) continue;
      const target = wanted === "current" ? { shiftBy: 0 } : wanted;
      ofTopic.set(partition, { to: target, before: was, metadata: undefined });
    }
  }
  return new Map([...targets].map(([topic, map]) => [topic, new Map([...map].sort(byNumber))]));
}

async function movesIn(
  topic: string,
  targets: ReadonlyMap<number, Target>,
  { clock, lookup }: Dependencies,
  limits: CallLimits,
): Promise<OffsetMove[]> {
  const everywhere = (spec: OffsetSpec) => new Map([...targets.keys()].map((key) => [key, spec]));
  const points = [...targets].flatMap(([partition, { to }]) =>
    "at" in to ? [[partition, to] as const] : [],
  );
  const times = timesOf(new Map(points), clock.now());
  const [starts, ends, atTimes] = await Promise.all([
    lookup.find(topic, everywhere("earliest"), limits),
    lookup.find(topic, everywhere("latest"), limits),
    times.size === 0 ? undefined : lookup.find(topic, times, limits),
  ]);
  return [...targets].map(([partition, target]) => {
    const earliest = starts.get(partition)?.offset ?? 0;
    const latest = ends.get(partition)?.offset ?? earliest;
    const { before, to } = target;
    const atTime = atTimes?.get(partition)?.offset;
    const asked =
      "at" in to ? offsetOf(to, { earliest, latest, atTime }) : (before ?? earliest) + to.shiftBy;
    return moveOf({ topic, partition }, target, asked, { start: earliest, end: latest });
  });
}

/** Offsets that the partition does not have become its nearest end, as with Kafka's tool. */
function moveOf(
  where: { readonly topic: string; readonly partition: number },
  { before, metadata }: Target,
  asked: number,
  { end, start }: { readonly start: number; readonly end: number },
): OffsetMove {
  const after = Math.max(start, Math.min(asked, end));
  return {
    ...where,
    ...(before === undefined ? {} : { before, lagBefore: Math.max(0, end - before) }),
    after,
    ...(before === undefined ? {} : { difference: after - before }),
    lagAfter: end - after,
    ...(after === asked ? {} : { asked }),
    ...(metadata === undefined ? {} : { metadata }),
  };
}

function wantedOf(to: Exclude<ResetTarget, "current">): Target["to"] {
  if (to === "start" || to === "end") return { at: to };
  if (typeof to === "number") return { at: "offset", offset: wholeNumber("to", to) };
  if (to instanceof Date) return { at: "time", timestamp: wholeNumber("to", to.getTime()) };
  if ("shiftBy" in to) wholeNumber("to", to.shiftBy);
  return to;
}

function wholeNumber(option: string, value: number): number {
  if (!Number.isSafeInteger(value)) throw invalidOption(option, "must be a whole number");
  return value;
}

function partitionsOf(targets: Targets, topic: string): Map<number, Target> {
  const partitions = targets.get(topic) ?? new Map<number, Target>();
  targets.set(topic, partitions);
  return partitions;
}

function byNumber([a]: readonly [number, unknown], [b]: readonly [number, unknown]): number {
  return a - b;
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index);
}
