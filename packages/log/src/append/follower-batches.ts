import type { LeaderEpoch } from "@zoolog/base";
import { type RecordBatch, splitBatches } from "@zoolog/protocol";
import { corruptBatch, unexpectedAppendOffset } from "../errors.ts";
import type { QueuedAppend } from "./append-queue.ts";

type FollowerAppend = Omit<QueuedAppend, "appended">;

/**
 * What a leader's answer holds, in pieces that can be appended each as one: of one epoch, and no
 * larger than a segment as far as single batches allow.
 *
 * @throws ZoologError CORRUPT_MESSAGE, UNEXPECTED_APPEND_OFFSET when there is a gap inside.
 */
export function followerAppends(bytes: Buffer, segmentBytes: number): FollowerAppend[] {
  const appends: FollowerAppend[] = [];
  let batches: RecordBatch[] = [];
  let sizeInBytes = 0;
  let leaderEpoch: LeaderEpoch | undefined;
  let previous: RecordBatch | undefined;
  const finish = (): void => {
    if (leaderEpoch === undefined) return;
    appends.push({ batches, sizeInBytes, leaderEpoch, origin: "follower" });
    batches = [];
    sizeInBytes = 0;
  };
  for (const batch of splitBatches(bytes)) {
    const epoch = checkedEpoch(batch, previous);
    if (epoch !== leaderEpoch || sizeInBytes + batch.sizeInBytes > segmentBytes) {
      if (batches.length > 0) finish();
    }
    leaderEpoch = epoch;
    batches.push(batch);
    sizeInBytes += batch.sizeInBytes;
    previous = batch;
  }
  if (batches.length > 0) finish();
  return appends;
}

function checkedEpoch(batch: RecordBatch, previous: RecordBatch | undefined): LeaderEpoch {
  if (previous !== undefined && batch.baseOffset !== previous.nextOffset) {
    throw unexpectedAppendOffset(batch.baseOffset, previous.nextOffset);
  }
  if (!batch.hasValidChecksum()) {
    throw corruptBatch(`the checksum at offset ${batch.baseOffset} does not match`);
  }
  const epoch = batch.partitionLeaderEpoch;
  if (epoch === undefined) throw corruptBatch(`offset ${batch.baseOffset} has no leader epoch`);
  return epoch;
}
