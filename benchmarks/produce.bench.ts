import { HttpTransport } from "@zoolog/calls";
import { Client, serde, topic } from "@zoolog/client";
import { systemScheduler } from "@zoolog/host";
import { loadNativeCrc32c, RecordBatchBuilder } from "@zoolog/protocol";
import { startBrokerProcess } from "@zoolog/testkit";
import { startBareServer } from "./harness/bare-server.ts";
import type { Measurement } from "./harness/measurement.ts";
import { inRounds } from "./harness/rounds.ts";

const MIB = 1024 * 1024;
/** Bytes of values per contender and round. */
const ROUND_BYTES = 96 * MIB;
/** As large as the SDK's batches. */
const BATCH_BYTES = MIB;
/** The SDK has one batch per partition under way; so many lets the two processes overlap. */
const PARTITIONS = 4;

/** Produce through the SDK, acks=1: against a bare route with a file write, and bare encoding. */
export async function measureProduce(): Promise<Measurement[]> {
  await loadNativeCrc32c();
  const bare = await startBareServer();
  const broker = await startBrokerProcess({
    kind: "dev",
    options: { httpPort: 0, kafkaPort: 0, zookeeperPort: 0 },
  });
  const client = new Client({ brokers: [broker.url] });
  try {
    await client.admin.createTopic({ topic: "bench", partitions: PARTITIONS });
    const kilobyte = await inRounds({
      bare: () => postBatches(bare.url, 1_024),
      sdk: async () => (await sendRecords(client, 1_024)) * 1_024,
    });
    const small = await inRounds({
      encode: () => encodeRecords(100),
      sdk: () => sendRecords(client, 100),
    });
    return [
      {
        name: "produce over HTTP, 1 KiB records, acks=1",
        value: kilobyte.sdk / 1e6,
        unit: "MB/s",
        ceiling: { name: "bare route and file write", value: kilobyte.bare / 1e6 },
        bar: { ratioMin: 0.6 },
      },
      {
        name: "produce over HTTP, 100 B records, acks=1",
        value: small.sdk,
        unit: "records/s",
        ceiling: { name: "encoding alone", value: small.encode },
        bar: { valueMin: 250_000, ratioMin: 0.6 },
      },
    ];
  } finally {
    await client.close();
    await broker.kill("SIGTERM");
    await bare.close();
  }
}

/** Records per second. */
async function sendRecords(client: Client, size: number): Promise<number> {
  const producer = client.producer({ acks: "leader" });
  const bench = topic("bench", { value: serde.bytes() });
  const value = Buffer.alloc(size, "x");
  const count = Math.floor(ROUND_BYTES / size);
  function* source() {
    for (let index = 0; index < count; index++) yield { value };
  }
  const startedAt = performance.now();
  await producer.sendMany(bench, source());
  const seconds = (performance.now() - startedAt) / 1_000;
  await producer.close();
  return count / seconds;
}

/** Bytes per second of values, in batches made beforehand, from the SDK's own HTTP client. */
async function postBatches(url: string, size: number): Promise<number> {
  const options = { connectTimeoutMs: 5_000, clientId: "bench", owner: "benchmark" };
  const transport = new HttpTransport(options, { scheduler: systemScheduler });
  const { batch, records } = oneBatch(size);
  const posts = Math.max(1, Math.floor(ROUND_BYTES / (records * size)));
  let left = posts;
  const post = async (): Promise<void> => {
    while (left-- > 0) {
      await transport.post({
        endpoint: url,
        path: "/write",
        contentType: "application/msgpack",
        body: [batch],
        timeoutMs: 60_000,
      });
    }
  };
  const startedAt = performance.now();
  await Promise.all(Array.from({ length: PARTITIONS }, post));
  const seconds = (performance.now() - startedAt) / 1_000;
  await transport.close();
  return (posts * records * size) / seconds;
}

function oneBatch(size: number): { batch: Buffer; records: number } {
  const builder = new RecordBatchBuilder();
  const record = { timestamp: 1_700_000_000_000, value: Buffer.alloc(size, "x") };
  while (builder.sizeInBytes + builder.sizeOf(record) <= BATCH_BYTES) builder.append(record);
  return { records: builder.recordCount, batch: builder.build() };
}

/** Records per second through the batch builder alone, into memory that is used again. */
function encodeRecords(size: number): number {
  const record = { timestamp: 1_700_000_000_000, value: Buffer.alloc(size, "x") };
  const buffer = Buffer.allocUnsafeSlow(BATCH_BYTES + size);
  const count = Math.floor(ROUND_BYTES / size);
  const startedAt = performance.now();
  let builder = new RecordBatchBuilder({ buffer });
  for (let index = 0; index < count; index++) {
    if (builder.sizeInBytes + size + 20 > BATCH_BYTES) {
      builder.build();
      builder = new RecordBatchBuilder({ buffer });
    }
    builder.append(record);
  }
  builder.build();
  return count / ((performance.now() - startedAt) / 1_000);
}
