/**
 * Finds records by time (ListOffsets): by segment, by time index, by batch header, and only then by
 * looking into one batch.
 */
import type { LeaderEpoch, Offset, Timestamp } from "@zoolog/base";
import type { RecordBatch } from "@zoolog/protocol";
import { splitBatches } from "@zoolog/protocol";
import type { LogState } from "../log-state.ts";
import type { Segment } from "../segment/segment.ts";
import type { LogReader } from "./log-reader.ts";

/** A record found by its timestamp. */
export type TimestampedOffset = {
  readonly offset: Offset;
  readonly timestamp: Timestamp;
  readonly leaderEpoch: LeaderEpoch | undefined;
};

/** Read at a time while headers are looked through. */
const READ_BYTES = 256 * 1024;

/** The first record whose timestamp is at least `target`. */
export async function findTimestamp(
  target: Timestamp,
  dependencies: { readonly state: LogState; readonly reader: LogReader },
): Promise<TimestampedOffset | undefined> {
  const { state, reader } = dependencies;
  const { segments } = state;
  for (const [i, segment] of segments.entries()) {
    const { newest } = await segment.indexes();
    if (newest === undefined || newest.timestamp < target) continue;
    const from = await whereToStart(segment, target, reader);
    const upTo = segments[i + 1]?.baseOffset ?? state.logEndOffset;
    const found = await searchForward({ from, upTo, target }, reader, state);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** A record with the greatest timestamp of the log; the first of them. */
export async function findMaxTimestamp(dependencies: {
  readonly state: LogState;
  readonly reader: LogReader;
}): Promise<TimestampedOffset | undefined> {
  let greatest: Timestamp | undefined;
  for (const segment of dependencies.state.segments) {
    const timestamp = await segment.largestTimestamp();
    if (timestamp !== undefined && timestamp > (greatest ?? -1)) greatest = timestamp;
  }
  return greatest === undefined ? undefined : await findTimestamp(greatest, dependencies);
}

/** Behind the last batch that is known to be too old. The index is believed if the batch agrees. */
async function whereToStart(
  segment: Segment,
  target: Timestamp,
  reader: LogReader,
): Promise<Offset> {
  const { times } = await segment.indexes();
  const entry = times.lookupBefore(target);
  if (entry === undefined) return segment.baseOffset;
  const batch = await segment.findBatch(entry.lastOffset);
  const isTrue = batch?.lastOffset === entry.lastOffset && batch.maxTimestamp === entry.timestamp;
  if (isTrue) return (entry.lastOffset + 1) as Offset;
  await reader.repairIndexes(segment);
  return segment.baseOffset;
}

async function searchForward(
  range: { readonly from: Offset; readonly upTo: Offset; readonly target: Timestamp },
  reader: LogReader,
  state: LogState,
): Promise<TimestampedOffset | undefined> {
  let from = Math.max(range.from, state.logStartOffset) as Offset;
  while (from < range.upTo) {
    const read = await reader.read({
      from,
      upTo: range.upTo,
      maxBytes: READ_BYTES,
      minOneBatch: true,
    });
    if (read.error !== undefined || read.batches.length === 0) return undefined;
    for (const bytes of read.batches) {
      for (const batch of splitBatches(bytes)) {
        if (batch.maxTimestamp < range.target) continue;
        const found = firstRecord(batch, range.target, state.logStartOffset);
        if (found !== undefined) return found;
      }
    }
    from = read.nextOffset;
  }
  return undefined;
}

function firstRecord(
  batch: RecordBatch,
  target: Timestamp,
  logStartOffset: Offset,
): TimestampedOffset | undefined {
  const leaderEpoch = batch.partitionLeaderEpoch;
  const cursor = batch.cursor();
  while (cursor.next()) {
    const { timestamp, offset } = cursor;
    if (timestamp >= target && offset >= logStartOffset) return { offset, timestamp, leaderEpoch };
  }
  return undefined;
}
