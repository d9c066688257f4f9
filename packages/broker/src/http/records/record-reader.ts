import { type EventLoopTurns, type Offset, ZoologError } from "@zoolog/base";
import {
  type DecodedRecord,
  type ReadRecord,
  type ReadRecordsResponse,
  type RecordBatch,
  splitBatches,
} from "@zoolog/protocol";
import type { BrokerApi, CallContext, FetchResultPartition } from "../../broker-api.ts";
import { AnswerMemory, answerBytesMax } from "../../planes/answer-memory.ts";
import type { Call } from "../../planes/call.ts";
import { failedItem, unreadableBatch } from "../errors.ts";
import type { PlaneParts } from "../plane-parts.ts";
import { LastBlock } from "./last-block.ts";
import { type BytesForm, shownRecord } from "./record-forms.ts";

export type ReadPosition = {
  readonly topic: string;
  readonly partition: number;
  readonly offset: Offset;
};

export type ReadLimits = {
  /** Of the batches as stored; the first comes even when it is larger. */
  readonly maxBytes: number;
  readonly maxRecords: number;
  /**
   * Of what the batches become, so that one small request cannot make a huge text; the first record
   * comes even when it is larger.
   */
  readonly shownBytesMax: number;
  readonly maxWaitMs: number;
  readonly form: BytesForm;
};

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

/** An encoded answer, charged to its call until somebody releases it or the call ends. */
export type ReadAnswer = { readonly body: Uint8Array; readonly nextOffset: Offset };

export type RecordReaderDependencies = Pick<
  PlaneParts,
  "api" | "clock" | "scheduler" | "limits"
> & {
  readonly turns: EventLoopTurns;
};

/** Records from a position on, decoded for people. */
export class RecordReader {
  readonly #parts: RecordReaderDependencies;
  readonly #lastBlock = new LastBlock();

  constructor(dependencies: RecordReaderDependencies) {
    this.#parts = dependencies;
  }

  /**
   * What is held for the reader counts as in flight: the batches while they wait to be decoded, then
   * the answer. Rejects as the partition does, with `UNREADABLE_BATCH` when the first batch is, and
   * with `THROTTLING_QUOTA_EXCEEDED`.
   */
  async read(
    position: ReadPosition,
    limits: ReadLimits,
    call: Call,
    encode: (answer: ReadRecordsResponse) => Uint8Array,
  ): Promise<ReadAnswer> {
    const { topic, partition } = position;
    const { api, turns } = this.#parts;
    const bytesMax = answerBytesMax(this.#parts.limits.inFlightBytesMax);
    const memory = new AnswerMemory({ call, bytesMax, maxWaitMs: limits.maxWaitMs }, this.#parts);
    const fetched = await call.holdWhile(fetchBatches(api, position, limits, { call, memory }));
    const { records: buffers, logStartOffset, highWatermark } = fetched;
    const fetchedBytes = buffers.reduce((sum, buffer) => sum + buffer.length, 0);
    memory.keep(fetchedBytes);
    let answer: ReadRecordsResponse;
    let body: Uint8Array;
    try {
      // Nobody need take turns for the answer that there is nothing.
      if (fetchedBytes > 0) await turns.take();
      const shown = shownRecords(buffers, position.offset, limits, this.#lastBlock);
      answer = { topic, partition, logStartOffset, highWatermark, ...shown };
      // At once: records are views of inflated blocks, which may be much larger than themselves.
      body = encode(answer);
    } finally {
      memory.keep(0);
    }
    memory.keep(body.length);
    return { body, nextOffset: answer.nextOffset };
  }
}

type Fetched = Exclude<FetchResultPartition, { readonly error: unknown }>;

async function fetchBatches(
  api: BrokerApi,
  { topic, partition, offset: fetchOffset }: ReadPosition,
  { maxBytes, maxWaitMs }: ReadLimits,
  { call, memory }: { readonly call: CallContext; readonly memory: AnswerMemory },
): Promise<Fetched> {
  const partitions = [{ partition, fetchOffset, partitionMaxBytes: maxBytes }];
  const topics = [{ topic, partitions }];
  const isolation = "readUncommitted";
  const request = { maxWaitMs, minBytes: 1, maxBytes, isolation, topics } as const;
  const result = await api.fetch(request, call, memory);
  const fetched = result.topics[0]?.partitions[0];
  if (fetched === undefined || "error" in fetched) throw readFailure(fetched);
  return fetched;
}

function readFailure(fetched: FetchResultPartition | undefined) {
  if (fetched === undefined || !("error" in fetched)) return failedItem(undefined);
  const { error, logStartOffset, highWatermark } = fetched;
  if (logStartOffset === undefined || highWatermark === undefined) return failedItem(error);
  return failedItem(error, `It holds the offsets from ${logStartOffset} up to ${highWatermark}.`);
}

type Shown = { readonly records: readonly ReadRecord[]; readonly nextOffset: Offset };

/** A batch that cannot be decoded hides nothing before it: who comes back for it is told. */
function shownRecords(
  buffers: readonly Buffer[],
  from: Offset,
  { maxRecords, shownBytesMax, form }: ReadLimits,
  lastBlock: LastBlock,
): Shown {
  const records: ReadRecord[] = [];
  let nextOffset = from;
  let shownBytes = 0;
  try {
    for (const batch of batchesOf(buffers)) {
      for (const record of userRecords(batch, from, lastBlock)) {
        shownBytes += sizeOf(record);
        const isFull = records.length === maxRecords || shownBytes > shownBytesMax;
        if (isFull && records.length > 0) return { records, nextOffset: record.offset };
        records.push(shownRecord(record, form));
        nextOffset = (record.offset + 1) as Offset;
      }
      // Past the gap that compaction may have left at the end of the batch.
      nextOffset = batch.nextOffset;
    }
  } catch (error) {
    if (records.length === 0 || !(error instanceof ZoologError)) throw error;
  }
  return { records, nextOffset };
}

function* batchesOf(buffers: readonly Buffer[]): Generator<RecordBatch> {
  for (const buffer of buffers) yield* splitBatches(buffer);
}

/** The log answers whole batches, so records before the position come first. */
function* userRecords(
  batch: RecordBatch,
  from: Offset,
  lastBlock: LastBlock,
): Generator<DecodedRecord> {
  // Control batches are transaction markers, no user's records.
  if (batch.isControl) return;
  if (!batch.hasValidChecksum()) throw unreadableBatch(batch, "its checksum does not match");
  try {
    const cursor = batch.cursor({}, lastBlock.of(batch));
    while (cursor.next()) {
      if (cursor.offset < from) continue;
      const { offset, timestamp, key, value, headers } = cursor;
      yield { offset, timestamp, key, value, headers };
    }
  } catch (error) {
    throw error instanceof ZoologError ? unreadableBatch(batch, error.message) : error;
  }
}

/** What the names and numbers of a record take in JSON, whatever it holds. */
const RECORD_FRAME_BYTES = 64;

function sizeOf({ key, value, headers }: DecodedRecord): number {
  const inHeaders = headers.reduce(
    (sum, one) => sum + RECORD_FRAME_BYTES + one.key.length + (one.value?.length ?? 0),
    0,
  );
  return RECORD_FRAME_BYTES + (key?.length ?? 0) + (value?.length ?? 0) + inHeaders;
}
