import type { HeaderValue, ProducerRecord } from "@zoolog/client";
import { usageError } from "../usage-error.ts";

export type BytesRecord = ProducerRecord<Uint8Array, Uint8Array>;

type Header = { readonly key: string; readonly value: HeaderValue };

/** Each line is a value, or `key<separator>value`. A line without the separator has no key. */
export function lineReader(options: {
  readonly keySeparator: string | undefined;
}): (line: Uint8Array) => BytesRecord {
  const { keySeparator } = options;
  if (keySeparator === undefined) return (value) => ({ value });
  if (keySeparator === "") throw usageError("--key-separator cannot be empty");
  const separator = Buffer.from(keySeparator, "utf8");
  return (line) => {
    const bytes = Buffer.from(line.buffer, line.byteOffset, line.byteLength);
    const at = bytes.indexOf(separator);
    if (at < 0) return { value: line };
    return { key: bytes.subarray(0, at), value: bytes.subarray(at + separator.length) };
  };
}

/**
 * A line of JSON in the form that `consume -o ndjson` writes. Keys, values and header values are
 * texts, null, `{"base64": …}`, or any other JSON, which is stored as JSON text.
 *
 * @throws ZoologError `USAGE`, with the line's number.
 */
export function readJsonLine(line: Uint8Array, lineNumber: number): BytesRecord {
  const fault = (what: string): Error => usageError(`line ${lineNumber}: ${what}`, ENVELOPE_HINT);
  let parsed: unknown;
  try {
    parsed = JSON.parse(Buffer.from(line).toString("utf8"));
  } catch (error) {
    throw fault(`this is not JSON: ${(error as SyntaxError).message}`);
  }
  if (!isObject(parsed)) throw fault("a record is a JSON object");
  const { headers, key, partition, timestamp, value } = parsed;
  if (!("value" in parsed)) throw fault('"value" is missing; null stands for a tombstone');
  return {
    key: bytesOf(key),
    value: bytesOf(value),
    headers: headersOf(headers, fault),
    partition: countOf("partition", partition, fault),
    timestamp: countOf("timestamp", timestamp, fault),
  };
}

const ENVELOPE_HINT =
  'Write {"key": …, "value": …, "headers": {…}, "partition": n, "timestamp": ms}; only value must be.';

function bytesOf(field: unknown): Uint8Array | undefined {
  if (field === undefined || field === null) return undefined;
  if (typeof field === "string") return Buffer.from(field, "utf8");
  const base64 = isObject(field) && Object.keys(field).length === 1 ? field["base64"] : undefined;
  if (typeof base64 === "string") return Buffer.from(base64, "base64");
  return Buffer.from(JSON.stringify(field), "utf8");
}

function headersOf(field: unknown, fault: (what: string) => Error): Header[] | undefined {
  if (field === undefined || field === null) return undefined;
  const entries = Array.isArray(field)
    ? field.map((entry) => (isObject(entry) ? [entry["key"], entry["value"]] : [undefined]))
    : isObject(field)
      ? Object.entries(field)
      : undefined;
  if (entries === undefined) throw fault('"headers" must be an object or a list');
  return entries.map(([key, value]) => {
    if (typeof key !== "string") throw fault("a header needs a key");
    return { key, value: bytesOf(value) ?? null };
  });
}

function countOf(name: string, field: unknown, fault: (what: string) => Error): number | undefined {
  if (field === undefined || field === null) return undefined;
  if (typeof field === "number" && Number.isSafeInteger(field) && field >= 0) return field;
  throw fault(`"${name}" must be a whole number of at least 0`);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
