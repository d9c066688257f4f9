import { encodeRecordBatch } from "@zoolog/protocol";
import { ask, startedPlane } from "../../kafka-plane.fixture.ts";

/** A plane over a broker in memory that has the topic "orders" with two partitions. */
export async function withOrders() {
  const started = await startedPlane();
  const topics = [{ topic: "orders", numPartitions: 2 }];
  const created = await started.api.createTopics({ timeoutMs: 0, validateOnly: false, topics });
  const [orders] = created.topics;
  if (orders === undefined || !("topicId" in orders)) throw new Error("the topic is not there");
  const connection = started.network.dial();
  const { topicId } = orders;
  return {
    ...started,
    connection,
    topicId,
    produce: (version: number, request: object) => ask(connection, "Produce", version, request),
    fetch: (version: number, request: object) => ask(connection, "Fetch", version, request),
  };
}

export const batchOf = (...values: string[]): Buffer =>
  encodeRecordBatch(values.map((value) => ({ timestamp: 1_000, value })));

/** A produce to partition 0 of "orders". */
export const produceOf = (records: Uint8Array | undefined, more: object = {}): object => ({
  transactionalId: undefined,
  acks: 1,
  timeoutMs: 1_000,
  topicData: [{ name: "orders", partitionData: [{ index: 0, records }] }],
  ...more,
});

/** A fetch of partition 0 of "orders" that does not wait. */
export const fetchOf = (partition: object = {}, more: object = {}): object => ({
  maxWaitMs: 0,
  minBytes: 1,
  isolationLevel: 0,
  sessionEpoch: -1,
  topics: [
    {
      topic: "orders",
      partitions: [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 1_000, ...partition }],
    },
  ],
  ...more,
});

export function produced(answer: {
  readonly responses: readonly { readonly partitionResponses: readonly unknown[] }[];
}): unknown[] {
  return answer.responses.flatMap(({ partitionResponses }) => partitionResponses);
}

export function fetched<Answer>(answer: {
  readonly responses: readonly { readonly partitions: readonly Answer[] }[];
}): Answer[] {
  return answer.responses.flatMap(({ partitions }) => partitions);
}
