/**
 * Where each field of a record batch (Kafka's message format v2, KIP-98) sits. All integers are
 * big endian. The table with its meaning is in docs/formats/record-batch.md.
 */
export const BATCH_LAYOUT = {
  baseOffset: 0,
  batchLength: 8,
  partitionLeaderEpoch: 12,
  magic: 16,
  crc: 17,
  attributes: 21,
  lastOffsetDelta: 23,
  baseTimestamp: 27,
  maxTimestamp: 35,
  producerId: 43,
  producerEpoch: 51,
  baseSequence: 53,
  recordCount: 57,
  records: 61,
} as const;

/** Bytes of a batch before its records. */
export const RECORD_BATCH_OVERHEAD = 61;
/** `baseOffset` and `batchLength`: what must be read to know how long a batch is. */
export const LOG_OVERHEAD = 12;
/** The only message format that Zoolog stores and serves. */
export const RECORD_BATCH_MAGIC = 2;
/** `batchLength` is a signed 32-bit number and does not count the first 12 bytes. */
export const BATCH_BYTES_MAX = 2 ** 31 - 1;
/** Sequence numbers run from 0 to this and start again. */
export const SEQUENCE_MAX = 2 ** 31 - 1;

export const BATCH_ATTRIBUTES = {
  /** Bits 0–2: the number of the compression codec. */
  compressionMask: 0b111,
  /** Bit 3: set when the broker stamped the batch on append. */
  logAppendTime: 1 << 3,
  transactional: 1 << 4,
  control: 1 << 5,
  /** Bit 6: baseTimestamp holds the time after which tombstones may go (compaction). */
  deleteHorizon: 1 << 6,
} as const;

/** No record is shorter: length, attributes, two deltas, null key, null value, no headers. */
export const RECORD_BYTES_MIN = 7;
