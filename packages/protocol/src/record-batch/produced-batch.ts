import { assert, errorMessage, type Timestamp, ZoologError } from "@zoolog/base";
import { type CompressionCodec, codecOfNumber } from "../compression/codecs.ts";
import { DECOMPRESSED_BYTES_MAX } from "../compression/limits.ts";
import { crc32c } from "../crc32c.ts";
import type { ErrorCode } from "../error-codes.ts";
import { describeBatchFault, headerFault } from "./batch-header.ts";
import {
  BATCH_ATTRIBUTES,
  BATCH_LAYOUT,
  LOG_OVERHEAD,
  RECORD_BATCH_MAGIC,
  RECORD_BATCH_OVERHEAD,
} from "./batch-layout.ts";
import { RecordBatch } from "./record-batch.ts";

export type ProducedBatchRules = {
  /** The topic's `max.message.bytes`, for the batch as sent. */
  readonly batchBytesMax: number;
  /**
   * Whether the batch is walked record by record, beyond header and checksum. `all` costs a few
   * nanoseconds a record and inflates compressed batches, as Kafka's leaders do; `none` is for who
   * has made the batch (docs/decisions/008).
   */
  readonly walk: "none" | "all";
  /** A compacted topic: every record needs a key. Implies `walk: "all"`. */
  readonly keysRequired?: boolean;
  /** The timestamps that the topic accepts (`message.timestamp.before/after.max.ms`), inclusive. */
  readonly earliestTimestamp?: Timestamp;
  readonly latestTimestamp?: Timestamp;
  /** How far a compressed batch may inflate when it is walked. */
  readonly decompressedBytesMax?: number;
  /** What several batches may inflate to together; each takes its part, also when it is refused. */
  readonly inflation?: InflationBudget | undefined;
};

/** Shared by the batches of one call, so that a small one cannot be hours of work. */
export type InflationBudget = { bytesLeft: number };

export type ProducedBatchFault = {
  readonly error: Extract<
    ErrorCode,
    | "CORRUPT_MESSAGE"
    | "INVALID_RECORD"
    | "INVALID_TIMESTAMP"
    | "MESSAGE_TOO_LARGE"
    | "UNSUPPORTED_COMPRESSION_TYPE"
  >;
  readonly message: string;
  /** The first records that are at fault, where single ones are (KIP-467); the others are not. */
  readonly recordErrors?: readonly RecordError[];
};

/** One record of a batch that is refused for it. */
export type RecordError = {
  /** Its place in the batch, from 0. */
  readonly batchIndex: number;
  readonly message: string;
};

/** Told of one batch: enough to find the mistake, and few beside what the batch itself takes. */
const RECORD_ERRORS_MAX = 100;

export type ProducedBatchVerdict =
  | { readonly error?: never; readonly batch: RecordBatch }
  | ProducedBatchFault;

/**
 * What a leader checks before it appends what a client sent (Kafka's LogValidator, KIP-98): exactly
 * one batch of format 2, its size, checksum, offsets, sequence, codec and, where asked, each record.
 *
 * A walked batch whose header claims another greatest timestamp than its records have gets it put
 * right in place, as the time index relies on it (kafkajs sends the last record's).
 */
export function validateProducedBatch(
  bytes: Buffer,
  rules: ProducedBatchRules,
): ProducedBatchVerdict {
  const envelope = envelopeFault(bytes, rules.batchBytesMax);
  if (envelope !== undefined) return envelope;
  // The checksum comes before the fields it covers: a flipped bit is damage, not a client's mistake.
  const crcFault = checksumFault(bytes);
  if (crcFault !== undefined) return crcFault;
  const fieldFault = headerFault(bytes, 0, bytes.length);
  if (fieldFault !== undefined) return fault("INVALID_RECORD", describeBatchFault(fieldFault));
  const batch = RecordBatch.parse(bytes);
  const mark = markFault(batch) ?? producerFault(batch) ?? timestampTypeFault(batch);
  if (mark !== undefined) return mark;
  const isWalked = rules.keysRequired === true || rules.walk === "all";
  return (isWalked ? recordFault(batch, rules) : claimedTimeFault(batch, rules)) ?? { batch };
}

/** Of bytes that may be anything: whether walking them would mean inflating a block. */
export function claimsCompression(bytes: Buffer): boolean {
  return (claimedAttributes(bytes) & BATCH_ATTRIBUTES.compressionMask) !== 0;
}

/** Of bytes that may be anything. */
export function claimsCodec(bytes: Buffer, codec: CompressionCodec): boolean {
  if (bytes.length < RECORD_BATCH_OVERHEAD) return false;
  return codecOfNumber(claimedAttributes(bytes) & BATCH_ATTRIBUTES.compressionMask) === codec;
}

/** Of bytes that may be anything. */
export function claimsTransaction(bytes: Buffer): boolean {
  return (claimedAttributes(bytes) & BATCH_ATTRIBUTES.transactional) !== 0;
}

/** None where no batch fits in. */
function claimedAttributes(bytes: Buffer): number {
  return bytes.length < RECORD_BATCH_OVERHEAD ? 0 : bytes.readInt16BE(BATCH_LAYOUT.attributes);
}

function envelopeFault(bytes: Buffer, batchBytesMax: number): ProducedBatchFault | undefined {
  if (bytes.length === 0) return fault("INVALID_RECORD", "there is no record batch");
  if (bytes.length < RECORD_BATCH_OVERHEAD) {
    return fault("CORRUPT_MESSAGE", `${bytes.length} bytes are no record batch`);
  }
  const magic = bytes[BATCH_LAYOUT.magic];
  if (magic !== RECORD_BATCH_MAGIC) {
    return fault("INVALID_RECORD", `message format ${magic} is not accepted, only format 2 is`);
  }
  const sizeInBytes = bytes.readInt32BE(BATCH_LAYOUT.batchLength) + LOG_OVERHEAD;
  if (sizeInBytes < RECORD_BATCH_OVERHEAD) {
    return fault("CORRUPT_MESSAGE", `the batch length says ${sizeInBytes} bytes`);
  }
  if (sizeInBytes > batchBytesMax) {
    const sizes = `the batch has ${sizeInBytes} bytes, the topic accepts ${batchBytesMax}`;
    return fault("MESSAGE_TOO_LARGE", sizes);
  }
  if (sizeInBytes > bytes.length) {
    const sizes = `the batch length says ${sizeInBytes} bytes, here are ${bytes.length}`;
    return fault("CORRUPT_MESSAGE", sizes);
  }
  if (sizeInBytes < bytes.length) {
    return fault("INVALID_RECORD", "bytes follow the batch; one batch per partition is accepted");
  }
  return undefined;
}

function checksumFault(bytes: Buffer): ProducedBatchFault | undefined {
  const claimed = bytes.readUInt32BE(BATCH_LAYOUT.crc);
  const actual = crc32c(bytes.subarray(BATCH_LAYOUT.attributes));
  if (claimed === actual) return undefined;
  const sums = `the checksum is ${actual}, the batch says ${claimed}`;
  return fault("CORRUPT_MESSAGE", sums);
}

/** What only brokers may set, and what a client must. */
function markFault(batch: RecordBatch): ProducedBatchFault | undefined {
  if (batch.compression === undefined) {
    return fault("UNSUPPORTED_COMPRESSION_TYPE", "the batch names a codec that does not exist");
  }
  if (batch.isControl) return fault("INVALID_RECORD", "clients may not write control batches");
  if (batch.deleteHorizon !== undefined) {
    return fault("INVALID_RECORD", "clients may not set a delete horizon");
  }
  if (batch.baseOffset !== 0) {
    return fault("INVALID_RECORD", `the base offset must be 0, not ${batch.baseOffset}`);
  }
  if (batch.recordCount === 0 || batch.recordCount !== batch.lastOffsetDelta + 1) {
    const counts = `${batch.recordCount} records do not fill offsets 0 to ${batch.lastOffsetDelta}`;
    return fault("INVALID_RECORD", counts);
  }
  return undefined;
}

function producerFault(batch: RecordBatch): ProducedBatchFault | undefined {
  const { producerId, producerEpoch, baseSequence } = batch;
  if (producerId === undefined) {
    if (!batch.isTransactional) return undefined;
    return fault("INVALID_RECORD", "a transactional batch needs a producer id");
  }
  if (baseSequence === undefined) {
    return fault("INVALID_RECORD", "a batch with a producer id needs a base sequence");
  }
  if (producerEpoch === undefined || producerEpoch < 0) {
    return fault("INVALID_RECORD", "a batch with a producer id needs a producer epoch");
  }
  return undefined;
}

function timestampTypeFault(batch: RecordBatch): ProducedBatchFault | undefined {
  if (batch.timestampType !== "logAppendTime") return undefined;
  return fault("INVALID_TIMESTAMP", "only the broker may set the log append time");
}

/** The header is all there is to look at. */
function claimedTimeFault(
  { maxTimestamp }: RecordBatch,
  rules: ProducedBatchRules,
): ProducedBatchFault | undefined {
  if (isTimely(maxTimestamp, rules)) return undefined;
  return fault("INVALID_TIMESTAMP", outsideOf(maxTimestamp, rules));
}

function isTimely(timestamp: Timestamp, rules: ProducedBatchRules): boolean {
  if (timestamp === -1) return true; // The producer gave none.
  return timestamp >= earliestOf(rules) && timestamp <= latestOf(rules);
}

function outsideOf(timestamp: Timestamp, rules: ProducedBatchRules): string {
  return `timestamp ${timestamp} lies outside ${earliestOf(rules)} to ${latestOf(rules)}`;
}

const earliestOf = ({ earliestTimestamp }: ProducedBatchRules) => earliestTimestamp ?? 0;
const latestOf = ({ latestTimestamp }: ProducedBatchRules) =>
  latestTimestamp ?? Number.MAX_SAFE_INTEGER;

function recordFault(
  batch: RecordBatch,
  rules: ProducedBatchRules,
): ProducedBatchFault | undefined {
  let maxTimestamp = -1 as Timestamp;
  const refusals: RecordRefusal[] = [];
  try {
    const block = inflate(batch, rules);
    if (!Buffer.isBuffer(block)) return block;
    const cursor = batch.cursor({}, block);
    for (let batchIndex = 0; cursor.next(); batchIndex++) {
      const { timestamp } = cursor;
      if (timestamp > maxTimestamp) maxTimestamp = timestamp;
      if (!isTimely(timestamp, rules)) {
        const message = outsideOf(timestamp, rules);
        refusals.push({ error: "INVALID_TIMESTAMP", batchIndex, message });
      } else if (rules.keysRequired === true && !cursor.hasKey) {
        const message = "a record has no key, but the topic is compacted";
        refusals.push({ error: "INVALID_RECORD", batchIndex, message });
      }
      if (refusals.length === RECORD_ERRORS_MAX) break;
    }
  } catch (error) {
    return decodingFault(error);
  }
  if (refusals.length > 0) return faultOfRecords(refusals);
  if (maxTimestamp !== batch.maxTimestamp) batch.correctMaxTimestamp(maxTimestamp);
  return undefined;
}

type RecordRefusal = RecordError & { readonly error: "INVALID_TIMESTAMP" | "INVALID_RECORD" };

/** A time among the reasons is what the batch is refused for, as in Kafka's LogValidator. */
function faultOfRecords(refusals: readonly RecordRefusal[]): ProducedBatchFault {
  const told = refusals.find(({ error }) => error === "INVALID_TIMESTAMP") ?? refusals[0];
  assert(told !== undefined, "some record is refused");
  const { error, batchIndex, message } = told;
  const recordErrors = refusals.map(({ error: _, ...recordError }) => recordError);
  return { ...fault(error, `record ${batchIndex}: ${message}`), recordErrors };
}

/** @throws ZoologError as `RecordBatch.inflate` does. */
function inflate(
  batch: RecordBatch,
  { inflation, decompressedBytesMax = DECOMPRESSED_BYTES_MAX }: ProducedBatchRules,
): Buffer | ProducedBatchFault {
  if (inflation === undefined || batch.compression === "none") {
    return batch.inflate({ maxBytes: decompressedBytesMax });
  }
  const maxBytes = Math.min(decompressedBytesMax, inflation.bytesLeft);
  if (maxBytes <= 0) return callInflatesTooFar();
  // Taken first: a block that turns out to be bad has been inflated up to there all the same.
  inflation.bytesLeft -= maxBytes;
  try {
    const block = batch.inflate({ maxBytes });
    inflation.bytesLeft += maxBytes - block.length;
    return block;
  } catch (error) {
    const isItsShare = maxBytes < decompressedBytesMax;
    if (isItsShare && error instanceof ZoologError && error.code === "MESSAGE_TOO_LARGE") {
      return callInflatesTooFar();
    }
    throw error;
  }
}

function callInflatesTooFar(): ProducedBatchFault {
  const what = "the batches of this call inflate further than one call may: send fewer of them";
  return fault("MESSAGE_TOO_LARGE", what);
}

/** Under a valid checksum nothing was damaged on the way: the client wrote it so. */
function decodingFault(error: unknown): ProducedBatchFault {
  if (!(error instanceof ZoologError)) throw error;
  switch (error.code) {
    case "CORRUPT_MESSAGE":
      return fault("INVALID_RECORD", error.message);
    case "MESSAGE_TOO_LARGE":
    case "UNSUPPORTED_COMPRESSION_TYPE":
      return fault(error.code, errorMessage(error));
    default:
      throw error;
  }
}

const fault = (error: ProducedBatchFault["error"], message: string): ProducedBatchFault => ({
  error,
  message,
});
