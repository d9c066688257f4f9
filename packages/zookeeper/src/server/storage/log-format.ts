import { JuteReader, malformedJute } from "../../jute/jute-reader.ts";
import { JuteWriter } from "../../jute/jute-writer.ts";
import type { LoggedTransaction } from "../tree/transaction.ts";
import { crc32 } from "./crc32.ts";
import { readTransaction, writeTransaction } from "./transaction-codec.ts";

/** The header and the batches of a log file: docs/formats/zookeeper-txn-log.md. */

const MAGIC = Buffer.from("ZOOLOGZT", "latin1");
const VERSION = 1;
export const HEADER_BYTES = 56;
export const SALT_BYTES = 24;
export const BATCH_MAGIC = Buffer.from("ZLBT", "latin1");
export const BATCH_HEADER_BYTES = 16;

/** zxid, time, kind */
const TRANSACTION_BYTES_MIN = 20;

export type LogHeader = {
  /** All transactions in the file have larger zxids. */
  readonly baseZxid: number;
  /** The last transaction before the file, 0 if there is none. */
  readonly previousZxid: number;
  readonly salt: Uint8Array;
};

export function encodeHeader(header: LogHeader): Uint8Array {
  const writer = new JuteWriter();
  writer.raw(MAGIC);
  writer.int(VERSION);
  writer.long(header.baseZxid);
  writer.long(header.previousZxid);
  writer.raw(header.salt);
  writer.int(crc32(writer.view()) | 0);
  return writer.finish();
}

/** `undefined` when these are not the bytes of a header. */
export function decodeHeader(bytes: Uint8Array): LogHeader | undefined {
  if (bytes.length < HEADER_BYTES) return undefined;
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, HEADER_BYTES);
  if (crc32(buffer.subarray(0, HEADER_BYTES - 4)) !== buffer.readUInt32BE(HEADER_BYTES - 4)) {
    return undefined;
  }
  if (!buffer.subarray(0, 8).equals(MAGIC) || buffer.readInt32BE(8) !== VERSION) return undefined;
  const reader = new JuteReader(buffer.subarray(12));
  const baseZxid = reader.long();
  const previousZxid = reader.long();
  return { baseZxid, previousZxid, salt: Uint8Array.from(buffer.subarray(28, 28 + SALT_BYTES)) };
}

export type BatchPlace = {
  /** From 0, in its file. */
  readonly number: number;
  readonly salt: Uint8Array;
};

export type Batch = {
  /** The last transaction before the batch. */
  readonly previousZxid: number;
  readonly transactions: readonly LoggedTransaction[];
};

export function encodeBatch(writer: JuteWriter, batch: Batch, place: BatchPlace): void {
  writer.clear();
  writer.raw(BATCH_MAGIC);
  writer.int(place.number);
  writer.int(0);
  writer.int(0);
  writer.long(batch.previousZxid);
  writer.vector(batch.transactions, (logged) => writeTransaction(writer, logged));
  const bytes = writer.view();
  writer.patchInt(8, bytes.length - BATCH_HEADER_BYTES);
  writer.patchInt(12, batchCrc(bytes, place.salt) | 0);
}

/** How long the payload says it is; `undefined` when this is no batch header. */
export function payloadLength(header: Buffer): number | undefined {
  if (header.length < BATCH_HEADER_BYTES) return undefined;
  if (!header.subarray(0, 4).equals(BATCH_MAGIC)) return undefined;
  const length = header.readInt32BE(8);
  return length < 0 ? undefined : length;
}

/** Is this a whole batch, unharmed, of this file? Its number is for the caller to judge. */
export function isIntactBatch(batch: Buffer, salt: Uint8Array): boolean {
  return batch.readUInt32BE(12) === batchCrc(batch, salt);
}

export function batchNumber(batch: Buffer): number {
  return batch.readInt32BE(4);
}

/** @throws ZoologError `MALFORMED_JUTE` */
export function decodeBatch(batch: Buffer): Batch {
  const reader = new JuteReader(batch.subarray(BATCH_HEADER_BYTES));
  const previousZxid = reader.long();
  const transactions = reader.vector(TRANSACTION_BYTES_MIN, readTransaction) ?? [];
  if (reader.remaining > 0) throw malformedJute("bytes behind the last transaction");
  return { previousZxid, transactions };
}

function batchCrc(batch: Buffer, salt: Uint8Array): number {
  const header = crc32(batch.subarray(0, 12), crc32(salt));
  return crc32(batch.subarray(BATCH_HEADER_BYTES), header);
}
