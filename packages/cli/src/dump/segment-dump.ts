import { open } from "node:fs/promises";
import { basename } from "node:path";
import { errorMessage } from "@zoolog/base";
import { LOG_SUFFIX, segmentBaseOffset } from "@zoolog/log";
import { BatchCursor, describeBatchFault, loadNativeCrc32c, RecordBatch } from "@zoolog/protocol";
import { envelopeField } from "../output/record-envelope.ts";
import type { DumpSink } from "./dump-sink.ts";

/** Read at a time; a batch that is larger gets a buffer of its size. */
const READ_BYTES = 1024 * 1024;

/** Prints the batches of a segment and whatever is wrong with them. Memory for one batch. */
export async function dumpSegment(
  path: string,
  options: { readonly records: boolean; readonly values: boolean; readonly deep: boolean },
  sink: DumpSink,
  signal: AbortSignal,
): Promise<void> {
  await loadNativeCrc32c();
  const file = await open(path, "r");
  try {
    const { size } = await file.stat();
    let nextOffset: number = segmentBaseOffset(basename(path), LOG_SUFFIX) ?? 0;
    let position = 0;
    let buffer = Buffer.alloc(0);
    const cursor = new BatchCursor();
    while (position < size && !signal.aborted) {
      const sighting = cursor.look(buffer, 0);
      if (sighting === "partial") {
        const wanted = Math.max(READ_BYTES, cursor.bytesNeeded);
        const more = Buffer.alloc(Math.min(wanted, size - position));
        const { bytesRead } = await file.read(more, 0, more.length, position);
        if (bytesRead <= buffer.length) {
          const what = `${size - position} bytes at the end are no whole batch`;
          await sink.fault({ kind: "fault", position, fault: what });
          return;
        }
        buffer = more.subarray(0, bytesRead);
        continue;
      }
      if (sighting === "corrupt") {
        const what = cursor.fault === undefined ? "unknown" : describeBatchFault(cursor.fault);
        await sink.fault({ kind: "fault", position, fault: `no batch starts here: ${what}` });
        return;
      }
      const batch = RecordBatch.parse(buffer);
      if (batch.baseOffset < nextOffset) {
        const fault = `offsets go back: ${batch.baseOffset} after ${nextOffset - 1}`;
        await sink.fault({ kind: "fault", position, fault });
      }
      await dumpBatch(batch, position, options, sink);
      nextOffset = batch.nextOffset;
      position += batch.sizeInBytes;
      buffer = buffer.subarray(batch.sizeInBytes);
    }
  } finally {
    await file.close();
  }
}

async function dumpBatch(
  batch: RecordBatch,
  position: number,
  options: { readonly records: boolean; readonly values: boolean; readonly deep: boolean },
  sink: DumpSink,
): Promise<void> {
  const isValid = batch.hasValidChecksum();
  await sink.print({
    kind: "batch",
    baseOffset: batch.baseOffset,
    lastOffset: batch.lastOffset,
    count: batch.recordCount,
    position,
    size: batch.sizeInBytes,
    leaderEpoch: batch.partitionLeaderEpoch,
    [batch.timestampType]: batch.maxTimestamp,
    compression: batch.compression,
    producerId: batch.producerId,
    producerEpoch: batch.producerEpoch,
    baseSequence: batch.baseSequence,
    ...(batch.isTransactional ? { isTransactional: true } : {}),
    ...(batch.isControl ? { isControl: true } : {}),
    crc: batch.crc,
    isValid,
  });
  if (!isValid) {
    const fault = `the CRC of the batch at offset ${batch.baseOffset} is wrong`;
    await sink.fault({ kind: "fault", position, fault });
    return;
  }
  if (!options.records && !options.deep) return;
  try {
    for (const { headers, key, offset, timestamp, value } of batch.records()) {
      if (!options.records) continue;
      const field = (bytes: Uint8Array | null) => envelopeField(bytes ?? undefined);
      await sink.print({
        kind: "record",
        offset,
        timestamp,
        keySize: key?.length ?? -1,
        valueSize: value?.length ?? -1,
        headers: headers.map((header) => header.key),
        ...(options.values ? { key: field(key), value: field(value) } : {}),
      });
    }
  } catch (error) {
    const fault = `a record cannot be read: ${errorMessage(error)}`;
    await sink.fault({ kind: "fault", position, fault });
  }
}
