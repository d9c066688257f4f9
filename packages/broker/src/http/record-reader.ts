import type { Offset } from "@zoolog/base";
import {
  type DecodedRecord,
  type ReadRecord,
  type ReadRecordsResponse,
  type RecordBatch,
  splitBatches,
} from "@zoolog/protocol";
import type { BrokerApi, CallContext, FetchResultPartition } from "../broker-api.ts";
import { failedItem } from "./errors.ts";
import { type BytesForm, shownRecord } from "./record-forms.ts";

export type ReadPosition = {
  readonly topic: string;
  readonly partition: number;
  readonly offset: Offset;
};

export type ReadLimits = {
  readonly maxBytes: number;
  readonly maxRecords: number;
  readonly maxWaitMs: number;
  readonly form: BytesForm;
};

/**
 * Bytes of keys, values and headers in one answer. `maxBytes` counts compressed batches; this counts
 * what they become, so that one small request cannot make a huge text.
 */
const SHOWN_BYTES_MAX = 16 * 1024 * 1024;

/** What `earliest` and `latest` are now. Rejects as the partition does. */
export async function resolveOffset(
  api: BrokerApi,
  where: { readonly topic: string; readonly partition: number },
  at: Offset | "earliest" | "latest",
  call: CallContext,
): Promise<Offset> {
  if (typeof at === "number") return at;
  const { topic, partition } = where;
  const topics = [{ topic, partitions: [{ partition, at }] }];
  const response = await api.listOffsets({ isolation: "readUncommitted", topics }, call);
  const found = response.topics[0]?.partitions[0];
  if (found === undefined || "error" in found || found.offset === undefined) {
    throw failedItem(found !== undefined && "error" in found ? found.error : undefined);
  }
  return found.offset;
}

/** Records from a position on, decoded for people. Rejects as the partition does. */
export async function readRecords(
  api: BrokerApi,
  position: ReadPosition,
  limits: ReadLimits,
  call: CallContext,
): Promise<ReadRecordsResponse> {
  const { topic, partition, offset: fetchOffset } = position;
  const { maxBytes, maxWaitMs } = limits;
  const partitions = [{ partition, fetchOffset, partitionMaxBytes: maxBytes }];
  const result = await api.fetch(
    {
      maxWaitMs,
      minBytes: 1,
      maxBytes,
      isolation: "readUncommitted",
      topics: [{ topic, partitions }],
    },
    call,
  );
  const fetched = result.topics[0]?.partitions[0];
  if (fetched === undefined || "error" in fetched) throw readFailure(fetched);
  const { logStartOffset, highWatermark } = fetched;
  return {
    topic,
    partition,
    logStartOffset,
    highWatermark,
    ...shownRecords(fetched.records, fetchOffset, limits),
  };
}

function readFailure(fetched: FetchResultPartition | undefined) {
  if (fetched === undefined || !("error" in fetched)) return failedItem(undefined);
  const { error, logStartOffset, highWatermark } = fetched;
  if (logStartOffset === undefined || highWatermark === undefined) return failedItem(error);
  return failedItem(error, `It holds the offsets from ${logStartOffset} up to ${highWatermark}.`);
}

function shownRecords(
  buffers: readonly Buffer[],
  from: Offset,
  { maxRecords, form }: ReadLimits,
): { readonly records: readonly ReadRecord[]; readonly nextOffset: Offset } {
  const batches = buffers.flatMap((buffer) => [...splitBatches(buffer)]);
  const records: ReadRecord[] = [];
  let shownBytes = 0;
  for (const record of userRecords(batches, from)) {
    shownBytes += sizeOf(record);
    const isFull = records.length === maxRecords || shownBytes > SHOWN_BYTES_MAX;
    if (isFull && records.length > 0) return { records, nextOffset: record.offset };
    records.push(shownRecord(record, form));
  }
  // Past the gap that compaction may have left at the end of the last batch.
  return { records, nextOffset: batches.at(-1)?.nextOffset ?? from };
}

/** The log answers whole batches, so records before the position come first. */
function* userRecords(batches: readonly RecordBatch[], from: Offset): Generator<DecodedRecord> {
  for (const batch of batches) {
    // Control batches are transaction markers, no user's records.
    if (batch.isControl) continue;
    for (const record of batch.records()) if (record.offset >= from) yield record;
  }
}

function sizeOf({ key, value, headers }: DecodedRecord): number {
  const inHeaders = headers.reduce(
    (sum, one) => sum + one.key.length + (one.value?.length ?? 0),
    0,
  );
  return (key?.length ?? 0) + (value?.length ?? 0) + inHeaders;
}
