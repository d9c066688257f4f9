import {
  anything,
  bytes,
  either,
  list,
  nothing,
  object,
  record,
  type Schema,
  type Static,
  text,
} from "../schema.ts";

/** Bounded by the body around it. */
const FIELD_LENGTH_MAX = 64 * 1024 * 1024;

/**
 * A key, a value or a header's value as people write it. Text stands for its UTF-8 bytes,
 * `{"json": …}` for the JSON text of what it holds, `{"base64": "…"}` for any bytes; in msgpack a
 * bin stands for itself. `null` is no key, or a tombstone.
 */
export const recordField = either(
  [
    nothing(),
    text({ maxLength: FIELD_LENGTH_MAX }),
    bytes(),
    object({ base64: bytes() }),
    object({ json: anything() }),
  ],
  { description: 'a text, null, {"base64": "…"} or {"json": …}' },
);
export type RecordField = Static<typeof recordField>;

/** As a map, or as a list where a name comes twice. */
export const recordHeaders: Schema<
  | Readonly<Record<string, RecordField>>
  | readonly { readonly key: string; readonly value: RecordField }[]
> = either(
  [
    record(recordField),
    list(object({ key: text({ maxLength: FIELD_LENGTH_MAX }), value: recordField })),
  ],
  { description: 'a map of names and values, or a list of {"key", "value"}' },
);
