import type { Client, CompressionCodec, RequiredAcks, Topic } from "@zoolog/client";
import { serde, topic as topicOf } from "@zoolog/client";
import { systemClock, systemRandom } from "@zoolog/host";
import { LatencyHistogram } from "../../bench/latency-histogram.ts";
import type { CommandContext } from "../../context.ts";
import { humanBytes, humanCount, humanDuration } from "../../output/quantity.ts";
import { listLines } from "../../output/table.ts";
import { aboutTopic } from "../../topic-meant.ts";

export type BenchOptions = {
  readonly topic?: string;
  readonly records: number;
  readonly size: number;
  readonly partitions: number;
  /** Stop after this time, ms. */
  readonly duration?: number;
  readonly compression: CompressionCodec;
  readonly acks: RequiredAcks;
  /** False: off. True: where `acks` allows it. */
  readonly idempotence: boolean;
  readonly keep: boolean;
};

export type BenchKind = "produce" | "fetch" | "e2e";

type BytesTopic = Topic<Uint8Array, Uint8Array>;

type BenchResult = {
  readonly bench: BenchKind;
  readonly topic: string;
  readonly records: number;
  readonly bytes: number;
  readonly elapsedMs: number;
  readonly recordsPerSecond: number;
  readonly bytesPerSecond: number;
  /** From send to acknowledgement (produce) or to arrival (e2e), ms. */
  readonly latencyMs?: Readonly<Record<"p50" | "p95" | "p99" | "p999" | "max", number>>;
};

/** Records under way at a time in e2e: enough for batches, few enough not to queue. */
const E2E_WINDOW = 256;
/** One of so many records is sent alone and awaited, for the latency of produce. */
const SAMPLE_EVERY = 1_000;
/** In a short run more of them, so that there is a latency to tell. */
const SAMPLES_MIN = 200;

/** `zoolog bench produce|fetch|e2e` */
export async function bench(
  context: CommandContext,
  kind: BenchKind,
  options: BenchOptions,
): Promise<void> {
  await context.withClient(async (client) => {
    const name = options.topic ?? `zoolog-bench-${systemRandom.uuid().slice(0, 8)}`;
    if (options.topic === undefined) {
      await client.admin.createTopic(
        { topic: name, partitions: options.partitions },
        context.limits,
      );
    }
    try {
      const topic = topicOf(name, { key: serde.bytes(), value: serde.bytes() });
      const measure = () => BENCHES[kind](client, topic, options, context);
      const result = await aboutTopic(context, client, name, measure);
      await context.output.one(result, ({ bold }) => listLines(forPeople(result), bold));
    } finally {
      if (options.topic === undefined && !options.keep) {
        await client.admin.deleteTopic(name, { timeoutMs: context.options.timeout });
      }
    }
  });
}

function producerOptions({ acks, compression, idempotence }: BenchOptions) {
  return { acks, compression, ...(idempotence ? {} : { idempotence }) };
}

type Bench = (
  client: Client,
  topic: BytesTopic,
  options: BenchOptions,
  context: CommandContext,
) => Promise<BenchResult>;

const BENCHES: Readonly<Record<BenchKind, Bench>> = {
  produce: async (client, topic, options, context) => {
    const latency = new LatencyHistogram();
    const producer = client.producer(producerOptions(options));
    const value = filling(options.size);
    // The first request connects and learns the metadata.
    await producer.send(topic, { value }, { signal: context.terminal.signal });
    const startedAt = systemClock.monotonic();
    const samples: Promise<void>[] = [];
    const sample = async (): Promise<void> => {
      const sentAt = systemClock.monotonic();
      await producer.send(topic, { value });
      latency.record(systemClock.monotonic() - sentAt);
    };
    const every = Math.max(1, Math.min(SAMPLE_EVERY, Math.floor(options.records / SAMPLES_MIN)));
    const source = function* () {
      for (let index = 1; index <= options.records && !isOver(options, startedAt); index++) {
        if (index % every === 0) samples.push(sample());
        else yield { value };
      }
    };
    const { records } = await producer.sendMany(topic, source(), {
      signal: context.terminal.signal,
    });
    await Promise.all(samples);
    return resultOf("produce", topic, records + samples.length, options.size, startedAt, latency);
  },
  fetch: async (client, topic, options, context) => {
    if (options.topic === undefined) {
      context.terminal.talk(`writing ${humanCount(options.records)} records to read`);
      await BENCHES.produce(client, topic, options, context);
    }
    const startedAt = systemClock.monotonic();
    let records = 0;
    let bytes = 0;
    const reader = client.reader(topic, { signal: context.terminal.signal });
    for await (const batch of reader.batches()) {
      for (const record of batch) {
        if (records === options.records) break;
        records += 1;
        bytes += record.valueBytes?.length ?? 0;
      }
      if (records >= options.records || isOver(options, startedAt)) break;
    }
    await reader.close();
    return resultOf("fetch", topic, records, bytes / Math.max(records, 1), startedAt);
  },
  e2e: async (client, topic, options, context) => {
    const { signal } = context.terminal;
    const latency = new LatencyHistogram();
    const producer = client.producer(producerOptions(options));
    const ends = await client.admin.listOffsets(topic.name, "latest", context.limits);
    const from = Object.fromEntries([...ends].map(([p, { offset }]) => [p, offset ?? 0]));
    const reader = client.reader(topic, { from, follow: true, signal });
    const records = reader[Symbol.asyncIterator]();
    const template = filling(Math.max(options.size, STAMP_BYTES));
    const startedAt = systemClock.monotonic();
    let done = 0;
    while (done < options.records && !isOver(options, startedAt)) {
      const window = Math.min(E2E_WINDOW, options.records - done);
      const sends = Array.from({ length: window }, () =>
        producer.send(topic, { value: stamped(template) }, { signal }),
      );
      for (let arrived = 0; arrived < window; arrived++) {
        const next = await records.next();
        if (next.done !== true) latency.record(ageOf(next.value.valueBytes));
      }
      await Promise.all(sends);
      done += window;
    }
    await reader.close();
    return resultOf("e2e", topic, done, template.length, startedAt, latency);
  },
};

/** The moment of sending, as a double at the start of the value. */
const STAMP_BYTES = 8;

function stamped(template: Uint8Array): Uint8Array {
  const value = Buffer.from(template);
  value.writeDoubleLE(systemClock.monotonic(), 0);
  return value;
}

function ageOf(value: Uint8Array | undefined): number {
  if (value === undefined || value.length < STAMP_BYTES) return 0;
  const sentAt = Buffer.from(value.buffer, value.byteOffset, value.byteLength).readDoubleLE(0);
  return systemClock.monotonic() - sentAt;
}

function isOver(options: BenchOptions, startedAt: number): boolean {
  return options.duration !== undefined && systemClock.monotonic() - startedAt >= options.duration;
}

/** Bytes that look like text, so that compression has something to do but not everything. */
function filling(size: number): Uint8Array {
  const words = "the quick brown fox jumps over the lazy dog ";
  const value = Buffer.alloc(size, words);
  for (let at = 0; at < size; at += 16) value[at] = 97 + Math.floor(systemRandom.next() * 26);
  return value;
}

function resultOf(
  kind: BenchKind,
  topic: BytesTopic,
  records: number,
  size: number,
  startedAt: number,
  latency?: LatencyHistogram,
): BenchResult {
  const elapsedMs = Math.max(systemClock.monotonic() - startedAt, 0.001);
  const bytes = Math.round(records * size);
  const rounded = (ms: number): number => Math.round(ms * 1_000) / 1_000;
  return {
    bench: kind,
    topic: topic.name,
    records,
    bytes,
    elapsedMs: rounded(elapsedMs),
    recordsPerSecond: Math.round(records / (elapsedMs / 1_000)),
    bytesPerSecond: Math.round(bytes / (elapsedMs / 1_000)),
    ...(latency === undefined
      ? {}
      : {
          latencyMs: {
            p50: rounded(latency.percentile(0.5)),
            p95: rounded(latency.percentile(0.95)),
            p99: rounded(latency.percentile(0.99)),
            p999: rounded(latency.percentile(0.999)),
            max: rounded(latency.max),
          },
        }),
  };
}

function forPeople(result: BenchResult): [string, string][] {
  const { bytes, bytesPerSecond, elapsedMs, latencyMs, records, recordsPerSecond } = result;
  const lines: [string, string][] = [
    ["records", `${humanCount(records)} (${humanBytes(bytes)}) in ${humanDuration(elapsedMs)}`],
    ["throughput", `${humanCount(recordsPerSecond)} records/s, ${humanBytes(bytesPerSecond)}/s`],
  ];
  if (latencyMs !== undefined) {
    const { max, p50, p95, p99, p999 } = latencyMs;
    lines.push(["latency", `p50 ${p50} p95 ${p95} p99 ${p99} p99.9 ${p999} max ${max} ms`]);
  }
  return lines;
}
