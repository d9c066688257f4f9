import { errorCode } from "@zoolog/base";
import { type Client, type OffsetPoint, parseOffsets } from "@zoolog/client";
import { systemClock } from "@zoolog/host";
import type { CommandContext } from "../context.ts";
import { usageError } from "../usage-error.ts";

/** One place of the grammar of `--offsets`. @throws ZoologError `INVALID_OFFSETS`, `USAGE` */
export function offsetPoint(text: string): OffsetPoint {
  const { from, to } = parseOffsets(text);
  if (to === undefined) return from;
  throw usageError(`"${text}" is a range`, "Name one place: end, 42, -10, @2026-01-31, @-1h.");
}

/**
 * A time of `--at` and `--to-time`: with or without the `@` of the grammar; `1h` is `-1h`.
 *
 * @throws ZoologError `USAGE`
 */
export function timePoint(flag: string, text: string): OffsetPoint {
  const bare = text.replace(/^@/, "");
  const point = pointOrNothing(/^\d+(ms|[smhdw])/.test(bare) ? `@-${bare}` : `@${bare}`);
  if (point !== undefined) return point;
  throw usageError(
    `${flag} "${text}" is no time`,
    "Write 2026-01-31 or 2026-01-31T10:00 (UTC), 2026-01-31T10:00+02:00, 1h or 1d12h (ago), or ms since 1970.",
  );
}

/** How long ago, of `--by-duration`. @throws ZoologError `USAGE` */
export function agoPoint(flag: string, text: string): OffsetPoint {
  const point = pointOrNothing(`@-${text}`);
  if (point !== undefined) return point;
  throw usageError(`${flag} "${text}" is no duration`, "Write 90s, 15m, 1h, 7d or 1d12h.");
}

function pointOrNothing(text: string): OffsetPoint | undefined {
  try {
    const { from, to } = parseOffsets(text);
    return to === undefined ? from : undefined;
  } catch (error) {
    if (errorCode(error) === "INVALID_OFFSETS") return undefined;
    throw error;
  }
}

/** Where a partition begins and ends. */
export type Bounds = { readonly start: number; readonly end: number };

/** The ends of these partitions, or of all. */
export async function boundsOf(
  { limits }: CommandContext,
  { admin }: Client,
  topic: string,
  partitions: readonly number[] | undefined,
): Promise<Map<number, Bounds>> {
  const options = { ...limits, ...(partitions === undefined ? {} : { partitions }) };
  const [starts, ends] = await Promise.all([
    admin.listOffsets(topic, "earliest", options),
    admin.listOffsets(topic, "latest", options),
  ]);
  return new Map(
    [...starts]
      .sort(([a], [b]) => a - b)
      .map(([partition, { offset: start = 0 }]) => {
        const end = ends.get(partition)?.offset ?? start;
        return [partition, { start, end }];
      }),
  );
}

/** The offset of a place in each partition; `end` where no record is that young. */
export async function resolvePoint(
  { limits }: CommandContext,
  { admin }: Client,
  topic: string,
  point: OffsetPoint,
  bounds: ReadonlyMap<number, Bounds>,
): Promise<Map<number, number>> {
  if (point.at === "time" || point.at === "ago") {
    const timestamp = timestampOf(point);
    const partitions = [...bounds.keys()];
    const found = await admin.listOffsets(topic, { timestamp }, { ...limits, partitions });
    return mapped(bounds, (partition, { end }) => found.get(partition)?.offset ?? end);
  }
  return mapped(bounds, (_, { end, start }) => {
    switch (point.at) {
      case "start":
        return start;
      case "end":
        return end;
      case "offset":
        return point.offset;
      case "afterStart":
        return start + point.records;
      case "beforeEnd":
        return Math.max(start, end - point.records);
    }
  });
}

/** A moment of the grammar, ms since 1970. */
export function timestampOf(point: Extract<OffsetPoint, { readonly at: "time" | "ago" }>): number {
  if (point.at === "time") return point.timestamp;
  return Math.max(0, systemClock.now() - point.durationMs);
}

function mapped(
  bounds: ReadonlyMap<number, Bounds>,
  value: (partition: number, bounds: Bounds) => number,
): Map<number, number> {
  return new Map([...bounds].map(([partition, b]) => [partition, value(partition, b)]));
}
