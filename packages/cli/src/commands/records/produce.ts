import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { ZoologError } from "@zoolog/base";
import {
  type CompressionCodec,
  type RequiredAcks,
  type SendManyResult,
  serde,
  topic as topicOf,
} from "@zoolog/client";
import { systemClock, systemScheduler } from "@zoolog/host";
import type { CommandContext } from "../../context.ts";
import { linesOf } from "../../input/lines.ts";
import { type BytesRecord, lineReader, readJsonLine } from "../../input/record-line.ts";
import { Progress } from "../../output/progress.ts";
import { humanBytes, humanDuration, plural } from "../../output/quantity.ts";
import { aboutTopic } from "../../topic-meant.ts";
import { usageError } from "../../usage-error.ts";

export type ProduceOptions = {
  readonly input: "lines" | "ndjson" | "raw";
  readonly key?: string;
  readonly keySeparator?: string;
  readonly header?: readonly string[];
  readonly partition?: number;
  readonly compression: CompressionCodec;
  readonly acks: RequiredAcks;
  /** False: off. True: where `acks` allows it. */
  readonly idempotence: boolean;
  readonly lineBytesMax: number;
};

/** Reading ahead this much at a time: fewer turns, and still little memory. */
const READ_BYTES = 256 * 1024;

/** `zoolog produce TOPIC [FILE|-]` */
export async function produce(
  context: CommandContext,
  topic: string,
  file: string | undefined,
  options: ProduceOptions,
): Promise<void> {
  const { terminal } = context;
  const input = await openInput(context, file);
  const counts = { records: 0, bytes: 0 };
  const chunks = counting(input.chunks, counts);
  const startedAt = systemClock.monotonic();
  const progress = new Progress(() => ({ ...counts, bytesTotal: input.sizeBytes }), {
    terminal,
    clock: systemClock,
    scheduler: systemScheduler,
  });
  try {
    const result = await context.withClient(async (client) => {
      await client.admin.describeCluster(context.limits);
      const { acks, compression, lineBytesMax } = options;
      const recordBytesMax = lineBytesMax + 1_024;
      const idempotence = options.idempotence ? {} : { idempotence: false };
      // Who pipes for hours sits out a failover; who names a time wants to know by then.
      const { isTimeoutGiven, timeout } = context.options;
      const patience = isTimeoutGiven ? { deliveryTimeoutMs: timeout } : {};
      const producer = client.producer({
        acks,
        compression,
        recordBytesMax,
        ...idempotence,
        ...patience,
      });
      const bytesTopic = topicOf(topic, { key: serde.bytes(), value: serde.bytes() });
      const records = recordsOf(chunks, options, counts);
      const { signal } = terminal;
      return await aboutTopic(context, client, topic, async () => {
        const result = await producer.sendMany(bytesTopic, records, { signal });
        // Without a record nobody has asked for the topic: a misspelt one is told here, too.
        if (result.records === 0) await client.admin.describeTopic(topic, context.limits);
        return result;
      });
    });
    progress.end();
    await context.output.forPrograms({ topic, ...result });
    terminal.talk(summary(topic, result, counts.bytes, systemClock.monotonic() - startedAt));
  } finally {
    progress.end();
    input.close();
  }
}

type Input = {
  readonly chunks: AsyncIterable<Uint8Array>;
  readonly sizeBytes: number | undefined;
  readonly close: () => void;
};

async function openInput(context: CommandContext, file: string | undefined): Promise<Input> {
  const { stdin } = context.terminal;
  if (file === undefined || file === "-") {
    if (stdin.isTTY === true) {
      context.terminal.talk("reading records from the keyboard, one per line; Ctrl-D ends");
    }
    return { chunks: stdin, sizeBytes: undefined, close: () => stdin.destroy() };
  }
  const found = await stat(file).catch((error: unknown) => {
    throw cannotRead(file, error);
  });
  if (found.isDirectory()) throw usageError(`${file} is a folder`, "Name a file, or - for stdin.");
  const stream = createReadStream(file, { highWaterMark: READ_BYTES });
  const sizeBytes = found.isFile() ? found.size : undefined;
  return { chunks: stream, sizeBytes, close: () => stream.destroy() };
}

function cannotRead(file: string, cause: unknown): ZoologError {
  return new ZoologError({
    code: (cause as { code?: string }).code ?? "EIO",
    message: `cannot read ${file}`,
    hint: "Name a file that exists, or - for stdin.",
    cause,
  });
}

async function* counting(
  chunks: AsyncIterable<Uint8Array>,
  counts: { bytes: number },
): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const chunk of chunks) {
    counts.bytes += chunk.length;
    yield chunk;
  }
}

async function* recordsOf(
  chunks: AsyncIterable<Uint8Array>,
  options: ProduceOptions,
  counts: { records: number },
): AsyncGenerator<BytesRecord, void, undefined> {
  const { input, lineBytesMax } = options;
  const common = commonFields(options);
  if (input === "raw") {
    counts.records += 1;
    yield { value: await everything(chunks, lineBytesMax), ...common };
    return;
  }
  const readLine = lineReader({ keySeparator: options.keySeparator });
  let lineNumber = 0;
  for await (const lines of linesOf(chunks, lineBytesMax)) {
    for (const line of lines) {
      lineNumber += 1;
      counts.records = lineNumber;
      const record =
        input === "lines" ? readLine(line, lineNumber) : readJsonLine(line, lineNumber);
      yield common === undefined ? record : { ...record, ...common };
    }
  }
}

/** What the options say of every record. */
function commonFields(options: ProduceOptions): Partial<BytesRecord> | undefined {
  const { header, key, partition } = options;
  if (header === undefined && key === undefined && partition === undefined) return undefined;
  return {
    ...(key === undefined ? {} : { key: Buffer.from(key, "utf8") }),
    ...(partition === undefined ? {} : { partition }),
    ...(header === undefined ? {} : { headers: header.map(headerOf) }),
  };
}

function headerOf(text: string): { readonly key: string; readonly value: string } {
  const at = text.indexOf("=");
  if (at > 0) return { key: text.slice(0, at), value: text.slice(at + 1) };
  throw usageError(`--header takes name=value, not "${text}"`, "For instance -H trace=42.");
}

async function everything(
  chunks: AsyncIterable<Uint8Array>,
  bytesMax: number,
): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of chunks) {
    parts.push(chunk);
    bytes += chunk.length;
    if (bytes > bytesMax) {
      // As a line that is too long, and as a record that the topic does not take.
      throw new ZoologError({
        code: "MESSAGE_TOO_LARGE",
        message: `the input has more than ${bytesMax} bytes, too many for one record`,
        hint: "Send lines, or raise --max-bytes where the topic was created with as large a max.message.bytes.",
      });
    }
  }
  return Buffer.concat(parts);
}

function summary(topic: string, result: SendManyResult, bytes: number, elapsedMs: number): string {
  const { partitions, records } = result;
  const rate = humanBytes(bytes / (Math.max(elapsedMs, 1) / 1_000));
  const where = `${topic} (${plural(partitions.length, "partition")})`;
  const time = humanDuration(elapsedMs);
  return `${plural(records, "record")}, ${humanBytes(bytes)} to ${where} in ${time}, ${rate}/s`;
}
