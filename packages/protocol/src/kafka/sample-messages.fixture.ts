import { errorCodeOfNumber } from "../error-codes.ts";
import { KAFKA_MESSAGES } from "./kafka-messages.ts";
import type { FieldSchema, ScalarKind } from "./schema/message-schema.ts";

type Fields = Readonly<Record<string, FieldSchema>>;

export type MessageCase = {
  readonly name: string;
  readonly version: number;
  readonly direction: "request" | "response";
};

/** Every message in every version. */
export const MESSAGE_CASES: readonly MessageCase[] = Object.values(KAFKA_MESSAGES).flatMap(
  ({ name, versions: [first, last] }) =>
    Array.from({ length: last - first + 1 }, (_, index) => first + index).flatMap((version) =>
      (["request", "response"] as const).map((direction) => ({ name, version, direction })),
    ),
);

/**
 * A message as reading gives it, with a value in every field that follows from the field's name in
 * Kafka's own tables: a value in the wrong place, of the wrong size or of another field shows. Lists
 * have two elements; `salt` makes them differ.
 */
export function filledMessage(fields: Fields, version: number, salt = 0): Record<string, unknown> {
  return mapFields(fields, version, (name, schema) => filledValue(name, schema, version, salt));
}

/** The same with −1, null and "" wherever they can be, and nothing in lists. */
export function emptyMessage(fields: Fields, version: number): Record<string, unknown> {
  return mapFields(fields, version, (_, schema) => emptyValue(schema, version));
}

function mapFields(
  fields: Fields,
  version: number,
  held: (name: string, schema: FieldSchema) => unknown,
): Record<string, unknown> {
  const entries = Object.entries(fields).map(([name, schema]) => {
    const isThere = version >= schema.from && version <= schema.to;
    return [name, isThere ? held(name, schema) : schema.missing];
  });
  return Object.fromEntries(entries);
}

function filledValue(name: string, schema: FieldSchema, version: number, salt: number): unknown {
  const { type } = schema;
  if (type.kind === "struct") return filledMessage(type.fields, version, salt);
  if (type.kind === "array") {
    return [salt, salt + 1].map((each) => filledValue(name, type.element, version, each));
  }
  return filledScalar(snakeCase(name), type.kind, salt);
}

function filledScalar(name: string, kind: ScalarKind, salt: number): unknown {
  const number = (hash(name) + salt) & 0x7fff_ffff;
  const text = salt === 0 ? name : `${name}${salt}`;
  switch (kind) {
    case "boolean":
      return true;
    case "int8":
      return 1 + (number % 100);
    case "int16":
      return 1 + (number % 30_000);
    case "error":
      return errorCodeOfNumber(1 + (number % 100));
    case "int32":
      return 1 + (number % 2_000_000_000);
    case "int64":
      return number * 1_000_003;
    case "string":
      return text;
    case "bytes":
    case "records":
      return Buffer.from(text);
    case "uuid": {
      const bytes = Buffer.alloc(16);
      bytes.writeBigInt64BE(BigInt(number) * 1_000_003n);
      bytes.writeBigInt64BE(BigInt(number), 8);
      return bytes.toString("base64url");
    }
  }
}

function emptyValue(
  { type, nullFrom, tag, absent, missing }: FieldSchema,
  version: number,
): unknown {
  if (tag !== undefined) return missing;
  if (version >= nullFrom) return undefined;
  const value = { struct: {}, array: [], ...EMPTY_SCALARS }[type.kind];
  if (type.kind === "struct") return emptyMessage(type.fields, version);
  return value === absent ? undefined : value;
}

const EMPTY_SCALARS: Readonly<Record<ScalarKind, unknown>> = {
  boolean: false,
  ...{ int8: -1, int16: -1, int32: -1, int64: -1 },
  error: "UNKNOWN_SERVER_ERROR",
  string: "",
  bytes: Buffer.alloc(0),
  records: Buffer.alloc(0),
  uuid: undefined,
};

function snakeCase(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function hash(name: string): number {
  let value = 7;
  for (const letter of name) value = (Math.imul(value, 31) + letter.charCodeAt(0)) & 0x7fff_ffff;
  return value;
}
