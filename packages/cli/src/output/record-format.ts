/**
 * The format language of `consume --format`, kcat's where kcat has the verb:
 *
 * ```
 * %t topic      %p partition   %o offset     %T timestamp, ms since 1970
 * %k key        %s value       %h headers, name=value,…
 * %K key length %S value length (-1: none)   %R value length as 4 bytes, big endian
 * %d timestamp, ISO 8601                     %% a percent sign
 * \n \r \t \\ \0 \xHH
 * ```
 */
import { usageError } from "../usage-error.ts";
import type { ByteWriter } from "./byte-writer.ts";

/** A record as the formats see it. */
export type FormattedRecord = {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly timestamp: number | undefined;
  readonly keyBytes: Uint8Array | undefined;
  readonly valueBytes: Uint8Array | undefined;
  readonly headers: readonly { readonly key: string; readonly value: Uint8Array | undefined }[];
};

export type RecordFormat = (record: FormattedRecord, out: ByteWriter) => void;

const VERBS: Readonly<Record<string, RecordFormat>> = {
  t: (record, out) => out.text(record.topic),
  p: (record, out) => out.text(String(record.partition)),
  o: (record, out) => out.text(String(record.offset)),
  T: (record, out) => out.text(String(record.timestamp ?? -1)),
  d: ({ timestamp }, out) =>
    out.text(timestamp === undefined ? "-" : new Date(timestamp).toISOString()),
  k: ({ keyBytes }, out) => {
    if (keyBytes !== undefined) out.bytes(keyBytes);
  },
  s: ({ valueBytes }, out) => {
    if (valueBytes !== undefined) out.bytes(valueBytes);
  },
  K: ({ keyBytes }, out) => out.text(String(keyBytes?.length ?? -1)),
  S: ({ valueBytes }, out) => out.text(String(valueBytes?.length ?? -1)),
  R: ({ valueBytes }, out) => {
    const length = Buffer.allocUnsafe(4);
    length.writeInt32BE(valueBytes?.length ?? -1);
    out.bytes(length);
  },
  h: ({ headers }, out) => {
    for (const [index, { key, value }] of headers.entries()) {
      out.text(`${index === 0 ? "" : ","}${key}=`);
      if (value !== undefined) out.bytes(value);
    }
  },
  "%": (_, out) => out.text("%"),
};

const ESCAPES: Readonly<Record<string, number>> = { n: 10, r: 13, t: 9, "\\": 92, "0": 0 };

/** @throws ZoologError `USAGE` naming the verb or escape that does not exist. */
export function parseRecordFormat(format: string): RecordFormat {
  const parts: RecordFormat[] = [];
  for (let at = 0; at < format.length; ) {
    const special = /[%\\]/g;
    special.lastIndex = at;
    const next = special.exec(format)?.index ?? format.length;
    if (next > at) parts.push(literal(Buffer.from(format.slice(at, next), "utf8")));
    if (next === format.length) break;
    if (format[next] === "%") {
      parts.push(verb(format[next + 1]));
      at = next + 2;
    } else {
      const hex = /^\\x([0-9a-fA-F]{2})/.exec(format.slice(next));
      parts.push(
        hex === null ? escaped(format[next + 1]) : literal(Buffer.from(hex[1] ?? "", "hex")),
      );
      at = next + (hex === null ? 2 : 4);
    }
  }
  return (record, out) => {
    for (const part of parts) part(record, out);
  };
}

function literal(bytes: Buffer): RecordFormat {
  return (_, out) => out.bytes(bytes);
}

function verb(letter: string | undefined): RecordFormat {
  const known = VERBS[letter ?? ""];
  if (known !== undefined) return known;
  const verbs = Object.keys(VERBS).map((name) => `%${name}`);
  throw usageError(`there is no %${letter ?? ""} in --format`, `Use ${verbs.join(" ")}.`);
}

function escaped(letter: string | undefined): RecordFormat {
  const byte = ESCAPES[letter ?? ""];
  if (byte !== undefined) return literal(Buffer.of(byte));
  throw usageError(`there is no \\${letter ?? ""} in --format`, "Use \\n \\r \\t \\\\ \\0 \\xHH.");
}
