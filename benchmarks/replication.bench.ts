import { Client, serde, topic } from "@zoolog/client";
import type { Measurement } from "./harness/measurement.ts";
import { startCluster } from "./harness/process-cluster.ts";
import { inRounds } from "./harness/rounds.ts";

const BROKERS = 3;
const RECORD_BYTES = 1_024;
/** Bytes of values per contender and round: replicated, each is written three times. */
const ROUND_BYTES = 32 * 1024 * 1024;
/** Each broker leads some of them. */
const PARTITIONS = 6;

/** What it costs that all replicas have a record before it is acknowledged, three brokers here. */
export async function measureReplication(): Promise<Measurement[]> {
  const cluster = await startCluster({ brokers: BROKERS, zookeepers: 1 });
  const client = new Client({ brokers: cluster.urls });
  try {
    for (const [name, replicationFactor] of [
      ["alone", 1],
      ["replicated", BROKERS],
    ] as const) {
      await client.admin.createTopic({ topic: name, partitions: PARTITIONS, replicationFactor });
    }
    const { one, all } = await inRounds({
      one: () => send(client, "alone", "leader"),
      all: () => send(client, "replicated", "all"),
    });
    return [
      {
        name: "produce to 3 brokers, 1 KiB records, RF 3, acks=all",
        value: all / 1e6,
        unit: "MB/s",
        ceiling: { name: "RF 1, acks=1", value: one / 1e6 },
        bar: { ratioMin: 0.25 },
      },
    ];
  } finally {
    await client.close();
    await cluster.close();
  }
}

/** Bytes of values per second. */
async function send(client: Client, name: string, acks: "leader" | "all"): Promise<number> {
  const producer = client.producer({ acks });
  const values = topic(name, { value: serde.bytes() });
  const value = Buffer.alloc(RECORD_BYTES, "x");
  const count = Math.floor(ROUND_BYTES / RECORD_BYTES);
  function* source() {
    for (let index = 0; index < count; index++) yield { value };
  }
  const startedAt = performance.now();
  await producer.sendMany(values, source());
  const seconds = (performance.now() - startedAt) / 1_000;
  await producer.close();
  return (count * RECORD_BYTES) / seconds;
}
