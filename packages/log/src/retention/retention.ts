import type { Offset, Timestamp } from "@zoolog/base";
import type { LogConfig } from "../log-config.ts";
import type { Segment } from "../segment/segment.ts";

export type RetentionBounds = {
  readonly logStartOffset: Offset;
  /** Records at or above it are not committed yet: nothing of them is removed. */
  readonly highWatermark: Offset;
  readonly now: Timestamp;
  /** Of the answer. */
  readonly countMax: number;
};

/**
 * How many of the oldest segments may go, the active one never: those below the log start offset,
 * those whose newest record is older than `retention.ms`, those beyond `retention.bytes`.
 */
export async function expiredSegments(
  segments: readonly Segment[],
  bounds: RetentionBounds,
  config: Pick<LogConfig, "retentionMs" | "retentionBytes">,
): Promise<number> {
  let bytes = segments.reduce((sum, segment) => sum + segment.sizeInBytes, 0);
  let count = 0;
  for (const [i, segment] of segments.slice(0, -1).entries()) {
    if (count === bounds.countMax) break;
    const endOffset = segments[i + 1]?.baseOffset ?? segment.baseOffset;
    if (endOffset > bounds.highWatermark) break;
    const isHidden = endOffset <= bounds.logStartOffset;
    const isSurplus =
      config.retentionBytes !== undefined && bytes - segment.sizeInBytes >= config.retentionBytes;
    if (!isHidden && !isSurplus && !(await isTooOld(segment, bounds.now, config))) break;
    bytes -= segment.sizeInBytes;
    count += 1;
  }
  return count;
}

/**
 * By the timestamps of its records, as Kafka does. Records without any, or from the future, do not
 * keep a segment for ever: then the time of its creation, or of loading it, counts.
 */
export async function isTooOld(
  segment: Segment,
  now: Timestamp,
  { retentionMs }: Pick<LogConfig, "retentionMs">,
): Promise<boolean> {
  if (retentionMs === undefined) return false;
  const largest = await segment.largestTimestamp();
  const newest = largest === undefined || largest > now ? segment.createdAt : largest;
  return now - newest > retentionMs;
}
