import { invalidRequest } from "../../errors.ts";
import type { PostRecordsRequest } from "./post-records.ts";
import type { RecordField } from "./record-field.ts";

type PostedRecord = PostRecordsRequest["records"][number];

/** In the bytes that are stored. */
export type WrittenRecord = {
  readonly timestamp: number;
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly headers: readonly { readonly key: string; readonly value: Uint8Array | null }[];
};

/**
 * A record as people write it (`RecordField` has the rules), ready for a batch.
 *
 * @throws ZoologError INVALID_REQUEST for what would be stored as something else than was written.
 */
export function recordInput(posted: PostedRecord, now: number): WrittenRecord {
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
