import type { Offset } from "@zoolog/base";
import {
  type CompressionCodec,
  encodeRecordBatch,
  fieldBytes,
  loadCompression,
  type PostRecordsRequest,
  type PostRecordsResponse,
  type ProduceResponse,
  partitionOfKey,
  type RecordInput,
  recordInput,
} from "@zoolog/protocol";
import type { CallContext } from "../../broker-api.ts";
import { failedItem, invalidRequest, NO_ANSWER } from "../errors.ts";
import type { PlaneParts } from "../plane-parts.ts";

type Appended = ProduceResponse["topics"][number]["partitions"][number];

/**
 * Builds the batches that a producer would have built, for those who have none. One batch per
 * partition, so each partition has its records in the order of the request, all of them or none.
 */
export class RecordPoster {
  readonly #parts: Pick<PlaneParts, "api" | "clock">;
  /** Whose turn it is among the partitions, for records without a key. */
  #turn = 0;

  constructor(parts: Pick<PlaneParts, "api" | "clock">) {
    this.#parts = parts;
  }

  async post(
    topic: string,
    request: PostRecordsRequest,
    call: CallContext,
  ): Promise<PostRecordsResponse> {
    if (request.records.length === 0) throw invalidRequest("there are no records to append");
    const partitions = await this.#partitionsOf(topic, request, call);
    const { requiredAcks, timeoutMs, compression } = request;
    await loadCompression(compression);
    const batches = this.#batches(request, partitions, compression);
    const produced = await call.holdWhile(
      this.#parts.api.produce(
        { requiredAcks, timeoutMs, topics: [{ topic, partitions: batches }] },
        call,
      ),
    );
    return { topic, records: placesOf(partitions, produced) };
  }

  /** The partition of each record. */
  async #partitionsOf(
    topic: string,
    { records }: PostRecordsRequest,
    call: CallContext,
  ): Promise<readonly number[]> {
    const count = await this.#partitionCount(topic, call);
    return records.map(({ partition, key }) => {
      if (partition !== undefined) return partition;
      const bytes = fieldBytes(key);
      if (bytes !== null) return partitionOfKey(bytes, count);
      this.#turn = (this.#turn + 1) % Number.MAX_SAFE_INTEGER;
      return this.#turn % count;
    });
  }

  async #partitionCount(topic: string, call: CallContext): Promise<number> {
    const request = { topics: [topic], allowAutoTopicCreation: false };
    const { topics } = await this.#parts.api.metadata(request, call);
    const [known] = topics;
    if (known === undefined || "error" in known) throw failedItem(known?.error);
    return known.partitions.length;
  }

  #batches(
    { records }: PostRecordsRequest,
    partitions: readonly number[],
    compression: CompressionCodec,
  ): { readonly partition: number; readonly records: Buffer }[] {
    const now = this.#parts.clock.now();
    const byPartition = new Map<number, RecordInput[]>();
    records.forEach((record, i) => {
      const partition = partitions[i] as number;
      const list = byPartition.get(partition);
      const input = recordInput(record, now);
      if (list === undefined) byPartition.set(partition, [input]);
      else list.push(input);
    });
    return [...byPartition].map(([partition, inputs]) => ({
      partition,
      records: encodeRecordBatch(inputs, { compression }),
    }));
  }
}

/** Where each record went: a batch's records follow its base offset in the order they were given. */
function placesOf(
  partitions: readonly number[],
  { topics }: ProduceResponse,
): PostRecordsResponse["records"] {
  const appended = new Map<number, Appended>();
  for (const one of topics[0]?.partitions ?? []) appended.set(one.partition, one);
  const counted = new Map<number, number>();
  return partitions.map((partition) => {
    const result = appended.get(partition);
    if (result === undefined) return { partition, error: NO_ANSWER };
    if ("error" in result) return { partition, error: result.error };
    const position = counted.get(partition) ?? 0;
    counted.set(partition, position + 1);
    if (result.baseOffset === undefined) return { partition };
    return { partition, offset: (result.baseOffset + position) as Offset };
  });
}
