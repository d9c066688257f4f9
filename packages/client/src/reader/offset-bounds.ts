import type { Clock } from "@zoolog/base";
import { timestamp } from "@zoolog/base";
import type { OffsetSpec } from "@zoolog/protocol";
import type { LookupLimits, OffsetLookup } from "../cluster/offset-lookup.ts";
import type { OffsetPoint } from "../offsets.ts";

/** Offsets to read: from the first up to, not including, the second; without it: for ever. */
export type OffsetBounds = { readonly from: number; readonly to: number | undefined };

export type BoundsQuery = {
  readonly topic: string;
  /** Where each partition begins. */
  readonly starts: ReadonlyMap<number, OffsetPoint>;
  /** Where they all end; without it at the high watermark of now, or never when following. */
  readonly to: OffsetPoint | undefined;
  readonly follow: boolean;
};

/** Points that are known without asking for the high watermark. */
const NEEDS_NO_END: ReadonlySet<OffsetPoint["at"]> = new Set(["start", "afterStart", "offset"]);

type Offsets = ReadonlyMap<number, number | undefined>;

/** Turns points of the offsets grammar into the offsets that they mean now. */
export async function findBounds(
  query: BoundsQuery,
  dependencies: { readonly lookup: OffsetLookup; readonly clock: Clock },
  limits: LookupLimits,
): Promise<Map<number, OffsetBounds>> {
  const { follow, starts, to, topic } = query;
  const partitions = [...starts.keys()];
  const end: OffsetPoint = to ?? { at: "end" };
  const ends = new Map(partitions.map((partition) => [partition, end]));
  const points = to === undefined ? [...starts.values()] : [...starts.values(), to];
  const kinds = new Set(points.map(({ at }) => at));
  const now = dependencies.clock.now();

  const find = async (wanted: ReadonlyMap<number, OffsetSpec>): Promise<Offsets> => {
    if (wanted.size === 0) return new Map();
    const found = await dependencies.lookup.find(topic, wanted, limits);
    return new Map([...found].map(([partition, { offset }]) => [partition, offset]));
  };
  const everywhere = (spec: OffsetSpec, wanted: boolean): Map<number, OffsetSpec> =>
    new Map(wanted ? partitions.map((partition) => [partition, spec]) : []);
  const needsEarliest = kinds.has("start") || kinds.has("afterStart") || kinds.has("beforeEnd");
  // A range without `to` that is followed has no end to find.
  const needsLatest = !follow || [...kinds].some((kind) => !NEEDS_NO_END.has(kind));

  const [earliest, latest, startTimes, endTimes] = await Promise.all([
    find(everywhere("earliest", needsEarliest)),
    find(everywhere("latest", needsLatest)),
    find(timesOf(starts, now)),
    find(timesOf(ends, now)),
  ]);
  const offsetAt = (point: OffsetPoint, partition: number, times: Offsets): number =>
    offsetOf(point, {
      earliest: earliest.get(partition) ?? 0,
      latest: latest.get(partition) ?? 0,
      atTime: times.get(partition),
    });
  const bounds = new Map<number, OffsetBounds>();
  for (const [partition, start] of starts) {
    const from = offsetAt(start, partition, startTimes);
    const upTo = offsetAt(end, partition, endTimes);
    if (follow) bounds.set(partition, { from, to: to === undefined ? undefined : upTo });
    else bounds.set(partition, { from, to: Math.min(upTo, latest.get(partition) ?? upTo) });
  }
  return bounds;
}

/** The offset of a point, as far as it needs to be known where the log begins and ends. */
export function offsetOf(
  point: OffsetPoint,
  known: {
    readonly earliest: number;
    readonly latest: number;
    readonly atTime: number | undefined;
  },
): number {
  switch (point.at) {
    case "start":
      return known.earliest;
    case "end":
      return known.latest;
    case "offset":
      return point.offset;
    case "afterStart":
      return known.earliest + point.records;
    case "beforeEnd":
      return Math.max(known.earliest, known.latest - point.records);
    case "time":
    case "ago":
      // No record is that young: the next one will be.
      return known.atTime ?? known.latest;
  }
}

/** What is to be asked for where points are times. */
export function timesOf(
  points: ReadonlyMap<number, OffsetPoint>,
  now: number,
): Map<number, OffsetSpec> {
  const times = new Map<number, OffsetSpec>();
  for (const [partition, point] of points) {
    if (point.at === "time") times.set(partition, { timestamp: timestamp(point.timestamp) });
    if (point.at === "ago") {
      times.set(partition, { timestamp: timestamp(Math.max(0, now - point.durationMs)) });
    }
  }
  return times;
}
