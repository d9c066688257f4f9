import { assert, type Timestamp } from "@zoolog/base";
import { corruptMessage } from "../errors.ts";
import { encodeRecordBatch } from "./encode-record-batch.ts";
import type { RecordBatch } from "./record-batch.ts";

/** Key of a control record: int16 version, int16 type. */
const KEY_BYTES = 4;
/** Value of an end-transaction marker: int16 version, int32 coordinator epoch. */
const VALUE_BYTES = 6;

const ABORT = 0;
const COMMIT = 1;

export type EndTransactionMarker = {
  readonly type: "abort" | "commit";
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly coordinatorEpoch: number;
  readonly timestamp: Timestamp;
};

/** What a control batch says. Types that only other systems write stay opaque. */
export type ControlRecord =
  | { readonly type: "abort" | "commit"; readonly coordinatorEpoch: number }
  | { readonly type: "other"; readonly typeNumber: number };

/** The batch that ends a transaction in one partition (KIP-98): 78 bytes, a single record. */
export function encodeControlBatch(marker: EndTransactionMarker): Buffer {
  const key = Buffer.alloc(KEY_BYTES);
  key.writeInt16BE(marker.type === "commit" ? COMMIT : ABORT, 2);
  const value = Buffer.alloc(VALUE_BYTES);
  value.writeInt32BE(marker.coordinatorEpoch, 2);
  return encodeRecordBatch([{ timestamp: marker.timestamp, key, value }], {
    isControl: true,
    isTransactional: true,
    producer: {
      producerId: marker.producerId,
      producerEpoch: marker.producerEpoch,
      baseSequence: undefined,
    },
  });
}

/**
 * @param batch a control batch.
 * @returns `undefined` where compaction has removed the record and kept the empty batch.
 * @throws ZoologError CORRUPT_MESSAGE.
 */
export function readControlRecord(batch: RecordBatch): ControlRecord | undefined {
  assert(batch.isControl, "only control batches carry control records");
  const { value: record } = batch.records().next();
  if (record === undefined) return undefined;
  const { key, value } = record;
  if (key === null || key.length < KEY_BYTES || key.readInt16BE(0) < 0) {
    throw corruptMessage("a control record's key cannot be read");
  }
  const typeNumber = key.readInt16BE(2);
  if (typeNumber !== ABORT && typeNumber !== COMMIT) return { type: "other", typeNumber };
  // Later versions may append fields; these two stay in front.
  if (value === null || value.length < VALUE_BYTES || value.readInt16BE(0) < 0) {
    throw corruptMessage("an end-transaction marker's value cannot be read");
  }
  return {
    type: typeNumber === COMMIT ? "commit" : "abort",
    coordinatorEpoch: value.readInt32BE(2),
  };
}
