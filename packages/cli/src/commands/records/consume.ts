import {
  type Client,
  type OffsetPoint,
  parseOffsets,
  type Reader,
  type ReaderBatch,
  type ReaderRecord,
  type ReadOptions,
  serde,
  type Topic,
  topic as topicOf,
} from "@zoolog/client";
import { systemClock } from "@zoolog/host";
import type { CommandContext } from "../../context.ts";
import { ByteWriter } from "../../output/byte-writer.ts";
import { NewestRecords } from "../../output/newest-records.ts";
import { humanBytes, plural } from "../../output/quantity.ts";
import { type RecordForm, recordForm } from "../../output/record-form.ts";
import type { FormattedRecord } from "../../output/record-format.ts";
import { aboutTopic } from "../../topic-meant.ts";
import { usageError } from "../../usage-error.ts";

export type ConsumeOptions = {
  readonly fromBeginning: boolean;
  readonly offsets?: string;
  readonly tail?: number;
  readonly partition?: readonly number[];
  readonly count?: number;
  readonly exit: boolean;
  readonly follow: boolean;
  readonly format?: string;
  readonly rack?: string;
  readonly checkCrcs: boolean;
};

type BytesTopic = Topic<Uint8Array, Uint8Array>;
type BytesReader = Reader<Uint8Array, Uint8Array>;

/** A line that people still read. */
const WARNED_PARTITIONS_MAX = 5;
/** Collected before one write; small enough to appear soon, large enough to be few. */
const WRITE_BYTES = 64 * 1024;

/** `zoolog consume TOPIC` */
export async function consume(
  context: CommandContext,
  topic: string,
  options: ConsumeOptions,
): Promise<void> {
  const plan = planOf(options);
  const run = new ConsumeRun(context, topicOf(topic), options);
  try {
    await context.withClient(async (client) => {
      await client.admin.describeCluster(context.limits);
      await aboutTopic(context, client, topic, () => readAll(client, run, plan, options));
    });
  } catch (error) {
    if (!context.terminal.signal.aborted) throw error;
  }
  await run.end();
}

async function readAll(
  client: Client,
  run: ConsumeRun,
  plan: Plan,
  options: ConsumeOptions,
): Promise<void> {
  let begin = plan.read;
  if (options.tail !== undefined) {
    const reader = client.reader(run.topic, run.readOptions({ offsets: `-${options.tail}` }));
    const ends = await run.newest(reader, options.tail);
    if (!plan.follow || run.isDone) return;
    begin = { from: ends };
  }
  // Who follows is told by the reader.
  if (plan.firstOffset !== undefined && !plan.follow) {
    await run.warnIfBeyondEnd(client, plan.firstOffset);
  }
  const readOptions = run.readOptions({ ...begin, follow: plan.follow });
  await run.all(client.reader(run.topic, readOptions));
}

type Plan = {
  readonly read: ReadOptions;
  readonly follow: boolean;
  /** Where to begin, when that was said by its number. */
  readonly firstOffset?: number;
};

/** What the combination of options means. @throws ZoologError `USAGE` */
function planOf(options: ConsumeOptions): Plan {
  const { exit, follow, fromBeginning, offsets, tail } = options;
  const starts = [fromBeginning, offsets !== undefined, tail !== undefined].filter(Boolean);
  if (starts.length > 1) {
    throw usageError(
      "--from-beginning, --offsets and --tail exclude each other",
      "Keep the one that says where to begin; -b is --offsets start.",
    );
  }
  if (exit && follow) {
    throw usageError(
      "--exit and --follow exclude each other",
      "--exit stops at the end as it is now, --follow goes on behind it.",
    );
  }
  if (tail !== undefined) return { read: {}, follow };
  if (offsets === undefined) {
    return { read: { from: fromBeginning ? "start" : "end" }, follow: !exit };
  }
  const range = parseOffsets(offsets);
  if (follow && range.to !== undefined) {
    throw usageError(
      `--offsets ${offsets} has an end, and --follow goes on for ever`,
      "Leave --follow out, or what stands behind the colon.",
    );
  }
  const bounded = range.to !== undefined || isInThePast(range.from);
  const { from } = range;
  return {
    read: { offsets: range },
    follow: follow || (!exit && !bounded),
    ...(from.at === "offset" ? { firstOffset: from.offset } : {}),
  };
}

/** Whoever names records that exist wants those, and no waiting behind them. */
function isInThePast(point: OffsetPoint): boolean {
  return point.at !== "end" && point.at !== "start";
}

/** One run of `consume`: what it has printed, and what it says at its end. */
class ConsumeRun {
  readonly topic: BytesTopic;
  readonly #context: CommandContext;
  readonly #options: ConsumeOptions;
  readonly #form: RecordForm;
  readonly #out = new ByteWriter();
  readonly #positions = new Map<number, number>();
  readonly #startedAt = systemClock.monotonic();
  #records = 0;
  #bytes = 0;

  constructor(
    context: CommandContext,
    topic: Topic<Uint8Array, Uint8Array>,
    options: ConsumeOptions,
  ) {
    this.#context = context;
    this.topic = topicOf(topic.name, { key: serde.bytes(), value: serde.bytes() });
    this.#options = options;
    this.#form = recordForm(context.output.format, options.format);
  }

  get isDone(): boolean {
    return this.#records >= (this.#options.count ?? Number.POSITIVE_INFINITY);
  }

  readOptions(options: ReadOptions): ReadOptions {
    const { checkCrcs, partition, rack } = this.#options;
    return {
      ...options,
      checkCrcs,
      signal: this.#context.terminal.signal,
      ...(partition === undefined ? {} : { partitions: partition }),
      ...(rack === undefined ? {} : { rack }),
      // Who follows sits out a broker's restart; who does not wants an answer.
      ...(options.follow === true ? {} : { retryTimeoutMs: this.#context.options.timeout }),
    };
  }

  /** Nothing where something was expected is worth a word: the offset may be a typing error. */
  async warnIfBeyondEnd(client: Client, firstOffset: number): Promise<void> {
    const { colours, limits, terminal } = this.#context;
    const { partition: partitions } = this.#options;
    const ends = await client.admin.listOffsets(this.topic.name, "latest", {
      ...limits,
      ...(partitions === undefined ? {} : { partitions }),
    });
    const short = [...ends].filter(([, { offset = 0 }]) => firstOffset > offset);
    if (short.length === 0) return;
    const shown = short
      .slice(0, WARNED_PARTITIONS_MAX)
      .map(([p, { offset = 0 }]) => `${p} (at ${offset})`);
    const more = short.length - shown.length;
    const where = `${shown.join(", ")}${more === 0 ? "" : ` and ${more} more`}`;
    const what = short.length === 1 ? "partition" : "partitions";
    const message = `offset ${firstOffset} is beyond the end of ${what} ${where}`;
    terminal.talk(`${colours.yellow("warning:")} ${message}`);
  }

  /** Prints what a reader brings, until it ends or there is enough. */
  async all(reader: BytesReader): Promise<void> {
    try {
      if (this.isDone) return;
      for await (const batch of reader.batches()) {
        await this.#printBatch(batch);
        if (this.isDone) return;
      }
    } finally {
      await reader.close();
    }
  }

  /**
   * Prints the newest records over all partitions, oldest first; answers where each partition ended.
   */
  async newest(reader: BytesReader, count: number): Promise<Record<number, number>> {
    const newest = new NewestRecords(count);
    const ends: Record<number, number> = {};
    try {
      for await (const batch of reader.batches()) {
        for (const record of batch) newest.add(plainRecord(record));
      }
      for (const { partition, position } of reader.progress()) ends[partition] = position ?? 0;
    } finally {
      await reader.close();
    }
    for (const record of newest.oldestFirst()) {
      await this.#print(record);
      if (this.isDone) break;
    }
    await this.#flush();
    return ends;
  }

  async end(): Promise<void> {
    this.#form.end(this.#out);
    await this.#flush();
    const { terminal } = this.#context;
    if (terminal.signal.aborted && !terminal.interrupted) return;
    for (const line of this.#summary()) terminal.talk(line);
  }

  async #printBatch(batch: ReaderBatch<Uint8Array, Uint8Array>): Promise<void> {
    for (const record of batch) {
      await this.#print(record);
      if (this.isDone) break;
    }
    await this.#flush();
  }

  /** A promise only where there is something to wait for. */
  #print(record: FormattedRecord): Promise<void> | undefined {
    this.#positions.set(record.partition, record.offset + 1);
    this.#records += 1;
    const before = this.#out.length;
    this.#form.record(record, this.#out);
    this.#bytes += this.#out.length - before;
    return this.#out.length >= WRITE_BYTES ? this.#flush() : undefined;
  }

  async #flush(): Promise<void> {
    if (this.#out.length > 0) await this.#context.terminal.write(this.#out.take());
  }

  #summary(): string[] {
    const { terminal } = this.#context;
    const seconds = (systemClock.monotonic() - this.#startedAt) / 1_000;
    const counted = `${plural(this.#records, "record")}, ${humanBytes(this.#bytes)}`;
    const rate = `${Math.round(this.#records / Math.max(seconds, 0.001))} records/s`;
    const lines = [`${counted} from ${this.topic.name}, ${rate}`];
    if (terminal.interrupted && this.#positions.size > 0) {
      const where = [...this.#positions].sort(([a], [b]) => a - b);
      lines.push(`next offsets: ${where.map(([p, offset]) => `${p}:${offset}`).join(" ")}`);
      const [[partition, offset] = [0, 0]] = where;
      if (where.length === 1) {
        const go = `zoolog consume ${this.topic.name} --partition ${partition} --offsets ${offset}`;
        lines.push(`go on with: ${go} --follow`);
      }
    }
    return lines;
  }
}

/** Its bytes alone: a record keeps its whole batch in memory. */
function plainRecord(record: ReaderRecord<Uint8Array, Uint8Array>): FormattedRecord {
  const { headers, keyBytes, offset, partition, timestamp, topic, valueBytes } = record;
  return {
    topic,
    partition,
    offset,
    timestamp,
    keyBytes: keyBytes && Uint8Array.from(keyBytes),
    valueBytes: valueBytes && Uint8Array.from(valueBytes),
    headers: headers.map(({ key, value }) => ({ key, value: value && Uint8Array.from(value) })),
  };
}
