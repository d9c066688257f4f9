import { isUtf8 } from "node:buffer";
import type {
  DecodedRecord,
  PostRecordsRequest,
  ReadRecord,
  RecordField,
  RecordInput,
} from "@zoolog/protocol";
import { invalidRequest } from "../errors.ts";

type PostedRecord = PostRecordsRequest["records"][number];

/** A record as people write it (`RecordField` of protocol has the rules), ready for a batch. */
export function recordInput(posted: PostedRecord, now: number): RecordInput {
  return {
    timestamp: posted.timestamp ?? now,
    key: fieldBytes(posted.key),
    value: fieldBytes(posted.value),
    headers: headerList(posted.headers).map(({ key, value }) => ({
      key,
      value: fieldBytes(value),
    })),
  };
}

export function fieldBytes(field: RecordField | undefined): Uint8Array | null {
  if (field === undefined || field === null) return null;
  if (typeof field === "string") return Buffer.from(field);
  if (field instanceof Uint8Array) return field;
  return "base64" in field ? field.base64 : Buffer.from(jsonText(field.json));
}

/** JSON bodies hold nothing else; msgpack has values that JSON would turn into others. */
function jsonText(value: unknown): string {
  return JSON.stringify(value, function (this: Record<string, unknown>, name) {
    const held = this[name];
    if (typeof held === "number" && !Number.isFinite(held)) {
      throw invalidRequest(`{"json"} cannot hold ${held}`, "JSON has no such number; send a text.");
    }
    if (held instanceof Uint8Array) {
      throw invalidRequest('{"json"} cannot hold bytes', "Send the bin itself as key or value.");
    }
    return held;
  });
}

function headerList(
  headers: PostedRecord["headers"],
): readonly { readonly key: string; readonly value: RecordField }[] {
  if (headers === undefined) return [];
  if (isList(headers)) return headers;
  const names = Object.keys(headers);
  const moved = names.length > 1 ? names.find((name) => /^(?:0|[1-9]\d*)$/.test(name)) : undefined;
  if (moved !== undefined) {
    const hint = 'Write the headers as a list of {"key", "value"}, which keeps their order.';
    throw invalidRequest(
      `a header whose name is a number (${moved.slice(0, 60)}) would move`,
      hint,
    );
  }
  return Object.entries(headers).map(([key, value]) => ({ key, value }));
}

/** `Array.isArray` does not narrow lists that are read-only. */
function isList<T>(value: readonly T[] | object): value is readonly T[] {
  return Array.isArray(value);
}

/**
 * How bytes are shown. `raw`: as they are, for msgpack. `auto`: as text where they are UTF-8, else
 * as `{base64}`. `base64`: always so. What `auto` and `base64` show can be posted again as it is.
 */
export type BytesForm = "raw" | "auto" | "base64";

export function shownRecord(record: DecodedRecord, form: BytesForm): ReadRecord {
  return {
    offset: record.offset,
    ...(record.timestamp < 0 ? {} : { timestamp: record.timestamp }),
    key: shownField(record.key, form),
    value: shownField(record.value, form),
    headers: record.headers.map(({ key, value }) => ({ key, value: shownField(value, form) })),
  };
}

function shownField(bytes: Buffer | null, form: BytesForm): RecordField {
  if (bytes === null || form === "raw") return bytes;
  return form === "auto" && isUtf8(bytes) ? bytes.toString("utf8") : { base64: bytes };
}
