import { HttpTransport } from "@zoolog/calls";
import { Client, serde, topic } from "@zoolog/client";
import { systemScheduler } from "@zoolog/host";
import { encodeRecordBatch, loadNativeCrc32c, splitBatches } from "@zoolog/protocol";
import { startBrokerProcess } from "@zoolog/testkit";
import { startBareServer } from "./harness/bare-server.ts";
import type { Measurement } from "./harness/measurement.ts";
import { inRounds } from "./harness/rounds.ts";

const MIB = 1024 * 1024;
/** Bytes of values per contender and round. */
const ROUND_BYTES = 96 * MIB;
/** What one fetch of the SDK brings. */
const ANSWER_BYTES = 4 * MIB;
const BATCH_BYTES = MIB;

/** Fetch through the SDK, every value looked at: against a bare download with a decode loop. */
export async function measureFetch(): Promise<Measurement[]> {
  await loadNativeCrc32c();
  const bare = await startBareServer();
  const broker = await startBrokerProcess({
    kind: "dev",
    options: { httpPort: 0, kafkaPort: 0, zookeeperPort: 0 },
  });
  const client = new Client({ brokers: [broker.url] });
  try {
    const rows: Measurement[] = [];
    for (const size of [1_024, 100]) rows.push(...(await measureSize(client, bare.url, size)));
    return rows;
  } finally {
    await client.close();
    await broker.kill("SIGTERM");
    await bare.close();
  }
}

async function measureSize(client: Client, url: string, size: number): Promise<Measurement[]> {
  const name = `bench-${size}`;
  await client.admin.createTopic({ topic: name });
  const bench = topic(name, { value: serde.bytes() });
  const value = Buffer.alloc(size, "x");
  const count = Math.floor(ROUND_BYTES / size);
  function* source() {
    for (let index = 0; index < count; index++) yield { value };
  }
  await client.producer({ acks: "leader" }).sendMany(bench, source());

  const figures = await inRounds({
    bare: () => download(url, size),
    batches: () =>
      timed(async () => {
        let records = 0;
        for await (const batch of client.reader(bench).batches()) {
          for (const record of batch) if (record.value !== undefined) records += 1;
        }
        return records;
      }),
    records: () =>
      timed(async () => {
        let records = 0;
        for await (const { value } of client.read(bench)) if (value !== undefined) records += 1;
        return records;
      }),
  });
  const ceiling = { name: "bare download and decode loop", value: figures.bare };
  const bar = { ratioMin: 0.6 };
  const label = size === 1_024 ? "1 KiB" : `${size} B`;
  const row = (how: string, measured: number): Measurement => ({
    name: `fetch over HTTP, ${label} records, ${how}`,
    value: measured,
    unit: "records/s",
    ceiling,
    bar,
  });
  return [row("batches()", figures.batches), row("for await", figures.records)];
}

/** Records per second of a task that answers how many it saw. */
async function timed(task: () => Promise<number>): Promise<number> {
  const startedAt = performance.now();
  const records = await task();
  return records / ((performance.now() - startedAt) / 1_000);
}

async function download(url: string, size: number): Promise<number> {
  const options = { connectTimeoutMs: 5_000, clientId: "bench", owner: "benchmark" };
  const transport = new HttpTransport(options, { scheduler: systemScheduler });
  const post = (path: string, body: Uint8Array) =>
    transport.post({
      endpoint: url,
      path,
      contentType: "application/msgpack",
      body: [body],
      timeoutMs: 60_000,
    });
  const perBatch = Math.floor(BATCH_BYTES / (size + 12));
  const record = { timestamp: 1_700_000_000_000, value: Buffer.alloc(size, "x") };
  const batch = encodeRecordBatch(Array<typeof record>(perBatch).fill(record));
  const batches = Math.floor(ANSWER_BYTES / batch.length);
  await post("/keep", Buffer.concat(Array<Buffer>(batches).fill(batch)));
  const answers = Math.max(1, Math.floor(ROUND_BYTES / (batches * perBatch * size)));
  const figure = await timed(async () => {
    let records = 0;
    for (let index = 0; index < answers; index++) {
      const { body } = await post("/read", Buffer.of(0x80));
      for (const found of splitBatches(body)) {
        if (!found.hasValidChecksum()) throw new Error("a batch is corrupt");
        for (const { value } of found.records()) if (value !== null) records += 1;
      }
    }
    return records;
  });
  await transport.close();
  return figure;
}
