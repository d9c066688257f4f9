import { isDeepStrictEqual } from "node:util";
import { timestamp } from "@zoolog/base";
import {
  BatchCursor,
  type DecodedRecord,
  encodeControlBatch,
  encodeRecordBatch,
  loadCompression,
  RecordBatch,
  readControlRecord,
  splitBatches,
  validateProducedBatch,
} from "@zoolog/protocol";
import { type Door, type FuzzTarget, mustHold, type Outcome, refusal } from "../fuzz-target.ts";
import { repairBatches } from "./batch-repair.ts";

const INFLATED_BYTES_MAX = 256 * 1024;

export const recordBatch: FuzzTarget = {
  name: "record-batch",
  row: "F-01",
  about: "the decoder of record batches, the leader's checks, the scanner's cursor",
  inputBytesMax: 4_096,
  smokeExecutions: 4_000,
  // A block that inflates takes up to twice its limit while it grows.
  allocationSlackBytes: 2 * INFLATED_BYTES_MAX,
  async open(): Promise<Door> {
    return { seeds: await sampleBatches(), repaired: repairBatches, execute };
  },
};

/** One batch of each kind that producers, leaders and coordinators write. */
export async function sampleBatches(): Promise<Buffer[]> {
  await loadCompression("zstd");
  const records = Array.from({ length: 6 }, (_, i) => ({
    timestamp: 1_000 + 7 * i,
    key: i % 2 === 0 ? null : `key-${i}`,
    value: i % 3 === 0 ? null : `value ${i} `.repeat(i),
    headers:
      i === 4
        ? [
            { key: "trace", value: "id" },
            { key: "none", value: null },
          ]
        : [],
  }));
  const [one] = records.slice(1);
  const marker = { type: "commit", producerId: 7, producerEpoch: 1, coordinatorEpoch: 3 } as const;
  const producer = { producerId: 4_711, producerEpoch: 2, baseSequence: 2 ** 31 - 3 };
  return [
    encodeRecordBatch([one ?? { timestamp: -1 }]),
    encodeRecordBatch(records),
    encodeRecordBatch(records, { producer }),
    encodeRecordBatch(records, { baseOffset: 1_841, partitionLeaderEpoch: 5 }),
    ...(["gzip", "snappy", "lz4", "zstd"] as const).map((compression) =>
      encodeRecordBatch(records, { compression }),
    ),
    encodeControlBatch({ ...marker, timestamp: timestamp(1_000) }),
  ];
}

function execute(input: Buffer): Outcome {
  const cursor = new BatchCursor();
  const sighting = cursor.look(input, 0);
  const verdict = leaderVerdict(Buffer.from(input));
  let batch: RecordBatch;
  try {
    batch = RecordBatch.parse(input);
  } catch (error) {
    mustHold(sighting !== "whole", "the cursor sees a batch that cannot be parsed");
    mustHold(verdict.startsWith("refused"), "a leader takes what cannot be parsed");
    return `${refusal(error)} ${cursor.fault} ${verdict}`;
  }
  mustHold(sighting === "whole", () => `a batch parses that the cursor calls ${sighting}`);
  compareHeaders(batch, cursor);
  const read = recordsOf(batch);
  if (typeof read === "string") {
    mustHold(verdict.startsWith("refused"), "a leader takes records that cannot be read");
    return `${read} ${verdict}`;
  }
  if (batch.isControl) return `control ${controlOutcome(batch)} ${verdict}`;
  if (batch.timestampType === "createTime") checkRoundTrip(read);
  const [first] = splitBatches(input);
  mustHold(first?.sizeInBytes === batch.sizeInBytes, "it is split off as it is parsed");
  return `${batch.compression} ${Math.min(read.length, 8)} ${verdict}`;
}

function compareHeaders(batch: RecordBatch, cursor: BatchCursor): void {
  const fields = [
    "sizeInBytes",
    "baseOffset",
    "lastOffset",
    "lastOffsetDelta",
    "partitionLeaderEpoch",
    "baseTimestamp",
    "maxTimestamp",
    "timestampType",
    "producerId",
    "producerEpoch",
    "baseSequence",
    "recordCount",
    "isControl",
  ] as const;
  for (const field of fields) {
    mustHold(batch[field] === cursor[field], () => `${field} differs between batch and cursor`);
  }
  mustHold(batch.hasValidChecksum() === cursor.checksumMatches(), "they agree on the checksum");
  const isOffset = Number.isSafeInteger(batch.nextOffset) && batch.baseOffset >= 0;
  mustHold(isOffset, "offsets are safe integers");
}

function recordsOf(batch: RecordBatch): DecodedRecord[] | Outcome {
  try {
    const records = [...batch.records({ maxBytes: INFLATED_BYTES_MAX })];
    mustHold(records.length === batch.recordCount, "as many records as the header says");
    let before = batch.baseOffset - 1;
    for (const { offset } of records) {
      mustHold(offset > before && offset <= batch.lastOffset, "offsets rise within the batch");
      before = offset;
    }
    return records;
  } catch (error) {
    return refusal(error);
  }
}

/** What was read can be written, and is read as the same again. */
function checkRoundTrip(records: readonly DecodedRecord[]): void {
  const writable = records.filter(({ timestamp: at }) => at >= -1 && at <= 8.64e15);
  if (writable.length === 0) return;
  const again = RecordBatch.parse(encodeRecordBatch(writable));
  const withoutPlace = ({ key, value, headers, timestamp: at }: DecodedRecord): unknown => ({
    ...{ key, value, at },
    // Header keys that are no UTF-8 are read with replacement characters, which stay.
    headers: headers.map((header) => [header.key, header.value]),
  });
  const wanted = writable.map(withoutPlace);
  const found = [...again.records()].map(withoutPlace);
  mustHold(isDeepStrictEqual(found, wanted), "records are not what they were");
}

/** The whole of what a leader does with a produced batch; it changes the bytes. */
function leaderVerdict(bytes: Buffer): Outcome {
  const rules = { batchBytesMax: 1_000_000, walk: "all" as const };
  const limits = { decompressedBytesMax: INFLATED_BYTES_MAX };
  const verdict = validateProducedBatch(bytes, { ...rules, ...limits });
  if (verdict.error !== undefined) return `refused ${verdict.error}`;
  const { batch } = verdict;
  mustHold(batch.hasValidChecksum(), "what a leader takes has a valid checksum");
  const greatest = Math.max(...[...batch.records()].map((record) => record.timestamp));
  mustHold(greatest === batch.maxTimestamp, "the greatest timestamp is that of the records");
  return "taken";
}

function controlOutcome(batch: RecordBatch): Outcome {
  try {
    return readControlRecord(batch)?.type ?? "emptied";
  } catch (error) {
    return refusal(error);
  }
}
