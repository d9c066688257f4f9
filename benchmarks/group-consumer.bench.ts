import { Client, serde, topic } from "@zoolog/client";
import { startBrokerProcess } from "@zoolog/testkit";
import type { Measurement } from "./harness/measurement.ts";
import { inRounds } from "./harness/rounds.ts";

const MIB = 1024 * 1024;
/** Bytes of values per contender and round. */
const ROUND_BYTES = 64 * MIB;
const VALUE_BYTES = 100;
const PARTITIONS = 4;
const COUNT = Math.floor(ROUND_BYTES / VALUE_BYTES);

/** The only member of a group reads a topic from its start, beside a reader that is in no group. */
export async function measureGroupConsumer(): Promise<Measurement[]> {
  const broker = await startBrokerProcess({
    kind: "dev",
    options: { httpPort: 0, kafkaPort: 0, zookeeperPort: 0 },
  });
  const client = new Client({ brokers: [broker.url] });
  try {
    await client.admin.createTopic({ topic: "bench", partitions: PARTITIONS });
    const bench = topic("bench", { value: serde.bytes() });
    const value = Buffer.alloc(VALUE_BYTES, "x");
    function* source() {
      for (let index = 0; index < COUNT; index++) yield { value, partition: index % PARTITIONS };
    }
    await client.producer({ acks: "leader" }).sendMany(bench, source());

    let groups = 0;
    const consumer = () => {
      groups += 1;
      return client.consumer({ group: `bench-${groups}`, topics: [bench], from: "earliest" });
    };
    const figures = await inRounds({
      readerBatches: () => batches(client.reader(bench).batches()),
      batches: async () => {
        await using member = consumer();
        return await batches(member.batches());
      },
      readerRecords: () => records(client.read(bench)),
      records: async () => {
        await using member = consumer();
        return await records(member);
      },
      run: async () => {
        await using member = consumer();
        const watch = new StopWatch();
        const done = new AbortController();
        const handle = () => {
          if (watch.saw(1)) done.abort();
        };
        await member.run(handle, { concurrency: PARTITIONS, signal: done.signal });
        return watch.recordsPerSecond;
      },
    });
    return [
      row("batches()", figures.batches, figures.readerBatches),
      row("for await", figures.records, figures.readerRecords),
      row("run()", figures.run, figures.readerRecords),
    ];
  } finally {
    await client.close();
    await broker.kill("SIGTERM");
  }
}

function row(how: string, value: number, reader: number): Measurement {
  return {
    name: `group consumer, ${VALUE_BYTES} B records, ${how}`,
    value,
    unit: "records/s",
    ceiling: { name: "plain reader", value: reader },
    bar: { ratioMin: 0.7, valueMin: 400_000 },
  };
}

/** Counts from the first record on: joining a group is not reading. */
class StopWatch {
  #startedAt = 0;
  #endedAt = 0;
  #records = 0;

  /** Answers whether all have come. */
  saw(records: number): boolean {
    if (this.#records === 0) this.#startedAt = performance.now();
    this.#records += records;
    if (this.#records < COUNT) return false;
    this.#endedAt = performance.now();
    return true;
  }

  get recordsPerSecond(): number {
    return this.#records / ((this.#endedAt - this.#startedAt) / 1_000);
  }
}

async function batches(
  source: AsyncIterable<Iterable<{ readonly value: Uint8Array | undefined }>>,
): Promise<number> {
  const watch = new StopWatch();
  for await (const batch of source) {
    let seen = 0;
    for (const { value } of batch) if (value !== undefined) seen += 1;
    if (watch.saw(seen)) break;
  }
  return watch.recordsPerSecond;
}

async function records(
  source: AsyncIterable<{ readonly value: Uint8Array | undefined }>,
): Promise<number> {
  const watch = new StopWatch();
  for await (const { value } of source) if (value !== undefined && watch.saw(1)) break;
  return watch.recordsPerSecond;
}
