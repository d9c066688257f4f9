import { isUtf8 } from "node:buffer";
import type {
  DecodedRecord,
  PostRecordsRequest,
  ReadRecord,
  RecordField,
  RecordInput,
} from "@zoolog/protocol";

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
  return "base64" in field ? field.base64 : Buffer.from(JSON.stringify(field.json));
}

function headerList(
  headers: PostedRecord["headers"],
): readonly { readonly key: string; readonly value: RecordField }[] {
  if (headers === undefined) return [];
  if (isList(headers)) return headers;
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
