import { isUtf8 } from "node:buffer";
import { ZoologError } from "@zoolog/base";
import { type ReaderRecord, serde, topic as topicOf } from "@zoolog/client";
import type { CommandContext } from "../../context.ts";
import { boundsOf } from "../../input/offset-point.ts";
import { hexLines } from "../../output/hex.ts";
import { plural } from "../../output/quantity.ts";
import { envelopeOf } from "../../output/record-envelope.ts";
import type { FormattedRecord } from "../../output/record-format.ts";
import { listLines } from "../../output/table.ts";
import { aboutTopic } from "../../topic-meant.ts";

export type GetOptions = { readonly hex: boolean };

/** `zoolog get TOPIC PARTITION OFFSET`: one record, all of it. */
export async function getRecord(
  context: CommandContext,
  topic: string,
  where: { readonly partition: number; readonly offset: number },
  { hex }: GetOptions,
): Promise<void> {
  const { offset, partition } = where;
  await context.withClient(async (client) => {
    const record = await aboutTopic(context, client, topic, async () => {
      const bounds = await boundsOf(context, client, topic, [partition]);
      const { end = 0, start = 0 } = bounds.get(partition) ?? {};
      if (offset < start || offset >= end) {
        const has = start === end ? "it is empty" : `it has ${start} to ${end - 1}`;
        throw notThere(topic, partition, offset, has);
      }
      const reader = client.reader(topicOf(topic, { key: serde.bytes(), value: serde.bytes() }), {
        partitions: [partition],
        from: { [partition]: offset },
        retryTimeoutMs: context.options.timeout,
        signal: context.terminal.signal,
      });
      try {
        for await (const found of reader) return found;
        return undefined;
      } finally {
        await reader.close();
      }
    });
    if (record?.offset !== offset) {
      const next = record === undefined ? "nor any behind it" : `the next is ${record.offset}`;
      throw notThere(topic, partition, offset, `${next}: it was a marker, or is compacted away`);
    }
    await context.output.one(envelopeOf(record), ({ bold }) => recordLines(record, hex, bold));
  });
}

function notThere(topic: string, partition: number, offset: number, why: string): ZoologError {
  return new ZoologError({
    code: "RECORD_NOT_FOUND",
    message: `${topic}-${partition} has no record at offset ${offset}; ${why}`,
    hint: `\`zoolog topic offsets ${topic}\` shows where partitions begin and end.`,
  });
}

function recordLines(
  record: ReaderRecord<Uint8Array, Uint8Array> & FormattedRecord,
  hex: boolean,
  bold: (text: string) => string,
): string[] {
  const { headers, keyBytes, offset, partition, timestamp, topic, valueBytes } = record;
  const time =
    timestamp === undefined ? "none" : `${new Date(timestamp).toISOString()} (${timestamp})`;
  return [
    ...listLines(
      [
        ["topic", topic],
        ["partition", partition],
        ["offset", offset],
        ["timestamp", time],
        ["headers", headers.length],
      ],
      bold,
    ),
    ...headers.flatMap(({ key, value }) => ["", ...fieldLines(`header ${key}`, value, hex, bold)]),
    "",
    ...fieldLines("key", keyBytes, hex, bold),
    "",
    ...fieldLines("value", valueBytes, hex, bold),
  ];
}

/** As text where it is text; bytes that are none, as a hex view. */
function fieldLines(
  name: string,
  bytes: Uint8Array | undefined,
  hex: boolean,
  bold: (text: string) => string,
): string[] {
  if (bytes === undefined) return [`${bold(name)}  none`];
  const title = `${bold(name)}  ${plural(bytes.length, "byte")}`;
  if (bytes.length === 0) return [title];
  if (!hex && isReadable(bytes)) return [title, Buffer.from(bytes).toString("utf8")];
  return [title, ...hexLines(bytes)];
}

/** Control characters would act on the terminal. */
function isReadable(bytes: Uint8Array): boolean {
  if (!isUtf8(bytes)) return false;
  return bytes.every((byte) => byte === 0x09 || byte === 0x0a || (byte >= 0x20 && byte !== 0x7f));
}
