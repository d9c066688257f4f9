import { ZoologError } from "@zoolog/base";
import type { ProducerRecord } from "@zoolog/client";
import {
  checkMessage,
  decodeJsonMessage,
  recordInput,
  recordLine,
  type Static,
  type WrittenRecord,
} from "@zoolog/protocol";
import { usageError } from "../usage-error.ts";

export type BytesRecord = ProducerRecord<Uint8Array, Uint8Array>;

/**
 * Each line is a value, or `key<separator>value`.
 *
 * @throws ZoologError `USAGE` for a line without the separator, as Kafka's console producer does:
 *   sent without a key it would go to any partition, and nobody would know.
 */
export function lineReader(options: {
  readonly keySeparator: string | undefined;
}): (line: Uint8Array, lineNumber: number) => BytesRecord {
  const { keySeparator } = options;
  if (keySeparator === undefined) return (value) => ({ value });
  if (keySeparator === "")
    throw usageError("--key-separator cannot be empty", "Name it: --key-separator :");
  const separator = Buffer.from(keySeparator, "utf8");
  return (line, lineNumber) => {
    const bytes = Buffer.from(line.buffer, line.byteOffset, line.byteLength);
    const at = bytes.indexOf(separator);
    if (at < 0) {
      throw usageError(
        `line ${lineNumber} has no "${keySeparator}" between key and value`,
        "Every line needs one with --key-separator; for records without a key use --input ndjson.",
      );
    }
    return { key: bytes.subarray(0, at), value: bytes.subarray(at + separator.length) };
  };
}

/**
 * A line of JSON: what `consume -o ndjson` writes and what `POST …/records` takes, by the same rules
 * and the same code. Whatever would be stored as something else than was written is refused.
 *
 * @throws ZoologError `USAGE`, with the line's number.
 */
export function readJsonLine(line: Uint8Array, lineNumber: number): BytesRecord {
  const fault = ({
    message,
    hint,
  }: {
    readonly message: string;
    readonly hint?: string | undefined;
  }): Error =>
    usageError(
      `line ${lineNumber}: ${message.replace(/^the (body|message) /, "this ")}`,
      hint ?? FORM,
    );
  const decoded = decodeJsonMessage(line);
  if (decoded.fault !== undefined) throw fault(decoded.fault);
  const checked = checkMessage(recordLine, decoded.value);
  if (checked.fault !== undefined) throw fault(checked.fault);
  const { partition, timestamp } = checked.value;
  const { headers, key, value } = writtenRecord(checked.value, fault);
  return { key: key ?? undefined, value: value ?? undefined, headers, partition, timestamp };
}

function writtenRecord(
  posted: Static<typeof recordLine>,
  fault: (of: { readonly message: string; readonly hint?: string | undefined }) => Error,
): WrittenRecord {
  try {
    return recordInput(posted, 0);
  } catch (error) {
    throw error instanceof ZoologError ? fault(error) : error;
  }
}

const FORM =
  'Write {"key": …, "value": …, "headers": {…}, "partition": n, "timestamp": ms}; key and value are a text, null, {"json": …} or {"base64": "…"}.';
