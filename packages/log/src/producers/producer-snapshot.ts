/** The contents of a `.snapshot` file; format: docs/formats/producer-snapshot.md. */
import type { Offset, Timestamp } from "@zoolog/base";
import { crc32c } from "@zoolog/protocol";
import { type AppendedBatch, BATCHES_KEPT, type ProducerEntry } from "./producer-entry.ts";

const VERSION = 1;
/** Version and checksum; the checksum covers what follows. */
const COUNT_AT = 6;
const ENTRIES_AT = 10;
const ENTRY_BYTES = 46;
const SEQUENCES = 2 ** 31;

export function encodeProducerSnapshot(entries: Iterable<ProducerEntry>): Buffer {
  const producers = [...entries];
  const count = producers.reduce((sum, { batches }) => sum + Math.max(1, batches.length), 0);
  const bytes = Buffer.allocUnsafeSlow(ENTRIES_AT + count * ENTRY_BYTES);
  bytes.writeInt16BE(VERSION, 0);
  bytes.writeInt32BE(count, COUNT_AT);
  let at = ENTRIES_AT;
  for (const entry of producers) {
    // Kafka keeps the last entry of an id, so the newest batch comes last.
    const batches = entry.batches.length === 0 ? [undefined] : entry.batches;
    for (const batch of batches) at = writeEntry(bytes, at, entry, batch);
  }
  bytes.writeUInt32BE(crc32c(bytes.subarray(COUNT_AT)), 2);
  return bytes;
}

function writeEntry(
  bytes: Buffer,
  position: number,
  entry: ProducerEntry,
  batch: AppendedBatch | undefined,
): number {
  let at = bytes.writeBigInt64BE(BigInt(entry.producerId), position);
  at = bytes.writeInt16BE(entry.producerEpoch, at);
  at = bytes.writeInt32BE(batch?.lastSequence ?? -1, at);
  at = bytes.writeBigInt64BE(BigInt(batch?.lastOffset ?? -1), at);
  at = bytes.writeInt32BE(batch?.offsetDelta ?? 0, at);
  at = bytes.writeBigInt64BE(BigInt(batch?.timestamp ?? entry.lastTimestamp), at);
  at = bytes.writeInt32BE(-1, at); // Coordinator epoch: no transactions yet.
  return bytes.writeBigInt64BE(-1n, at); // First offset of the open transaction.
}

/** `undefined` when the bytes are no sound snapshot; also for what no log could have written. */
export function decodeProducerSnapshot(bytes: Buffer): ProducerEntry[] | undefined {
  if (bytes.length < ENTRIES_AT || bytes.readInt16BE(0) !== VERSION) return undefined;
  if (bytes.readUInt32BE(2) !== crc32c(bytes.subarray(COUNT_AT))) return undefined;
  if (bytes.readInt32BE(COUNT_AT) * ENTRY_BYTES !== bytes.length - ENTRIES_AT) return undefined;
  const entries = new Map<number, ProducerEntry>();
  for (let at = ENTRIES_AT; at < bytes.length; at += ENTRY_BYTES) {
    const read = readEntry(bytes, at);
    if (read === undefined) return undefined;
    const before = entries.get(read.producerId);
    const isSame = before?.producerEpoch === read.producerEpoch;
    const batches = isSame ? [...before.batches, ...read.batches] : read.batches;
    entries.set(read.producerId, { ...read, batches: batches.slice(-BATCHES_KEPT) });
  }
  return [...entries.values()];
}

function readEntry(bytes: Buffer, at: number): ProducerEntry | undefined {
  const producerId = Number(bytes.readBigInt64BE(at));
  const producerEpoch = bytes.readInt16BE(at + 8);
  const lastSequence = bytes.readInt32BE(at + 10);
  const lastOffset = Number(bytes.readBigInt64BE(at + 14));
  const offsetDelta = bytes.readInt32BE(at + 22);
  const lastTimestamp = Number(bytes.readBigInt64BE(at + 26)) as Timestamp;
  const isSound =
    [producerId, lastOffset, lastTimestamp].every(Number.isSafeInteger) &&
    producerId >= 0 &&
    producerEpoch >= 0 &&
    offsetDelta >= 0;
  if (!isSound) return undefined;
  const entry = { producerId, producerEpoch, lastTimestamp };
  if (lastSequence < 0) return { ...entry, batches: [] };
  if (lastOffset < offsetDelta) return undefined; // It would begin before the log does.
  const firstSequence = (lastSequence - offsetDelta + SEQUENCES) % SEQUENCES;
  const place = { lastOffset: lastOffset as Offset, offsetDelta, timestamp: lastTimestamp };
  return { ...entry, batches: [{ firstSequence, lastSequence, ...place }] };
}
