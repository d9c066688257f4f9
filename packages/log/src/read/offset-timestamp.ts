/**
 * When a record was written, for who asks for many partitions at a time (lag in time): without reading
 * or inflating whole batches from the disk.
 */
import type { Offset, Timestamp } from "@zoolog/base";
import { splitBatches } from "@zoolog/protocol";
import { isMissing } from "../errors.ts";
import type { LogState } from "../log-state.ts";

/** A look that meets a truncation or a deletion looks again. */
const ATTEMPTS_MAX = 4;

/**
 * The time of the first record at or after `offset`. Exact for a record of a batch in memory that is
 * not compressed, for the first record of a batch, and for all of one that the broker stamped; for
 * any other one the time of its batch's first record, which is the linger of its producer older at
 * most. `undefined`: there is no such record, or it has no time.
 */
export async function timestampAt(offset: Offset, state: LogState): Promise<Timestamp | undefined> {
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
    state.assertServing();
    const { cuts, logEndOffset } = state;
    const from = Math.max(offset, state.logStartOffset) as Offset;
    if (from >= logEndOffset) return undefined;
    const cached = state.tail.read({ from, upTo: logEndOffset, maxBytes: 0, minOneBatch: true });
    if (cached !== undefined) return firstInMemory(cached.batches, from);
    try {
      const found = await firstOnDisk(from, state);
      if (state.cuts === cuts) return found;
    } catch (error) {
      if (!isMissing(error) || state.cuts === cuts) throw error;
    }
  }
  return undefined;
}

function firstInMemory(batches: readonly Buffer[], from: Offset): Timestamp | undefined {
  for (const bytes of batches) {
    for (const batch of splitBatches(bytes)) {
      if (batch.lastOffset < from) continue;
      if (batch.timestampType === "logAppendTime") return known(batch.maxTimestamp);
      if (batch.baseOffset >= from || batch.compression !== "none") {
        return known(batch.baseTimestamp);
      }
      const cursor = batch.cursor();
      while (cursor.next()) if (cursor.offset >= from) return known(cursor.timestamp);
    }
  }
  return undefined;
}

async function firstOnDisk(from: Offset, state: LogState): Promise<Timestamp | undefined> {
  for (const segment of state.segments.slice(state.segmentIndexOf(from))) {
    const batch = await segment.findBatch(from);
    if (batch !== undefined) return known(batch.firstTimestamp);
  }
  return undefined;
}

/** Kafka's −1: the producer gave none. */
function known(timestamp: Timestamp): Timestamp | undefined {
  return timestamp < 0 ? undefined : timestamp;
}
