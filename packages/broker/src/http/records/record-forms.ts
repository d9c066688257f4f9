import { isUtf8 } from "node:buffer";
import type { DecodedRecord, ReadRecord, RecordField } from "@zoolog/protocol";

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
