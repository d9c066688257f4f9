import { errorCodeOfNumber } from "../error-codes.ts";
import type { AnyKafkaMessage } from "./frame.ts";
import { KAFKA_MESSAGES } from "./kafka-messages.ts";
import type { FieldSchema, ScalarKind } from "./schema/message-schema.ts";

type Fields = Readonly<Record<string, FieldSchema>>;

export type MessageCase = {
  readonly message: AnyKafkaMessage;
  readonly version: number;
  readonly direction: "request" | "response";
};

/** Every message in every version. */
export const MESSAGE_CASES: readonly MessageCase[] = Object.values(KAFKA_MESSAGES).flatMap(
  (message) => {
    const [first, last] = message.versions;
    const versions = Array.from({ length: last - first + 1 }, (_, index) => first + index);
    return versions.flatMap((version) =>
      (["request", "response"] as const).map((direction) => ({
        message: message as AnyKafkaMessage,
        version,
        direction,
      })),
    );
  },
);

/**
 * A value everywhere, two in each list; none (−1, null, "") wherever there can be none, in lists of
 * one; and the same with nothing in the lists.
 */
export const SAMPLE_FORMS = ["filled", "bare", "empty"] as const;
export type SampleForm = (typeof SAMPLE_FORMS)[number];

type Sample = {
  readonly form: SampleForm;
  readonly version: number;
  /** Makes the elements of a list differ. */
  readonly salt?: number;
};

/**
 * A message as reading gives it. A value follows from its field's name in Kafka's own tables, so that
 * one in the wrong place, of the wrong size or of another field shows.
 */
export function sampleMessage(fields: Fields, sample: Sample): Record<string, unknown> {
  const entries = Object.entries(fields).map(([name, schema]) => {
    const isThere = sample.version >= schema.from && sample.version <= schema.to;
    return [name, isThere ? sampleValue(name, schema, sample) : schema.missing];
  });
  return Object.fromEntries(entries);
}

function sampleValue(name: string, schema: FieldSchema, sample: Sample): unknown {
  const { type } = schema;
  const { form, version, salt = 0 } = sample;
  if (form !== "filled" && schema.tag !== undefined) return schema.missing;
  if (form === "empty" && version >= schema.nullFrom) return undefined;
  if (type.kind === "array") {
    const salts = { filled: [salt, salt + 1], bare: [salt], empty: [] }[form];
    return salts.map((each) => sampleValue(name, type.element, { ...sample, salt: each }));
  }
  if (form !== "filled" && version >= schema.nullFrom) return undefined;
  if (type.kind === "struct") return sampleMessage(type.fields, sample);
  if (form === "filled") return filledScalar(snakeCase(name), type.kind, salt);
  const value = EMPTY_SCALARS[type.kind];
  return value === schema.absent ? undefined : value;
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
