import fc from "fast-check";
import { ERROR_CODES } from "../error-codes.ts";
import { readFrame, writeFrame } from "./golden-frames.fixture.ts";
import { KAFKA_MESSAGES } from "./kafka-messages.ts";
import { MESSAGE_CASES } from "./sample-messages.fixture.ts";
import type { FieldSchema, ScalarKind } from "./schema/message-schema.ts";

const RUNS_PER_VERSION = 12;

test.each(Object.keys(KAFKA_MESSAGES))("%s is read as it was written", (name) => {
  const ofCall = MESSAGE_CASES.filter(({ message }) => message.name === name);

  for (const call of ofCall) {
    const { message, version, direction } = call;
    const messages = messageArbitrary(message[direction].fields, version);
    fc.assert(
      fc.property(messages, (value) => {
        expect(readFrame(call, writeFrame(call, value))).toEqual(value);
      }),
      { numRuns: RUNS_PER_VERSION },
    );
  }
});

function messageArbitrary(
  fields: Readonly<Record<string, FieldSchema>>,
  version: number,
): fc.Arbitrary<Record<string, unknown>> {
  const arbitraries = Object.entries(fields).map(([name, schema]) => [
    name,
    fieldArbitrary(schema, version),
  ]);
  return fc.record(Object.fromEntries(arbitraries));
}

function fieldArbitrary(schema: FieldSchema, version: number): fc.Arbitrary<unknown> {
  if (version < schema.from || version > schema.to) return fc.constant(schema.missing);
  const some = valueArbitrary(schema, version).map((value) =>
    value === schema.absent ? undefined : value,
  );
  const canBeNone = version >= schema.nullFrom || schema.tag !== undefined;
  return canBeNone ? fc.oneof(some, fc.constant(schema.missing)) : some;
}

function valueArbitrary({ type }: FieldSchema, version: number): fc.Arbitrary<unknown> {
  if (type.kind === "struct") return messageArbitrary(type.fields, version);
  if (type.kind !== "array") return SCALARS[type.kind];
  return fc.array(fieldArbitrary(type.element, version), { maxLength: 3 });
}

const BYTES = fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes));
const ERRORS = Object.keys(ERROR_CODES).filter((code) => code !== "NONE");

const SCALARS: Readonly<Record<ScalarKind, fc.Arbitrary<unknown>>> = {
  boolean: fc.boolean(),
  int8: fc.integer({ min: -0x80, max: 0x7f }),
  int16: fc.integer({ min: -0x8000, max: 0x7fff }),
  int32: fc.integer(),
  int64: fc.maxSafeInteger(),
  error: fc.constantFrom(undefined, ...ERRORS),
  // Around the lengths where a compact length takes a second byte.
  string: fc.oneof(
    fc.string({ unit: "grapheme", maxLength: 50 }),
    fc.integer({ min: 120, max: 130 }).map((length) => "x".repeat(length)),
  ),
  bytes: BYTES,
  records: BYTES,
  uuid: fc.option(
    fc
      .uint8Array({ minLength: 16, maxLength: 16 })
      .filter((bytes) => bytes.some((byte) => byte !== 0))
      .map((bytes) => Buffer.from(bytes).toString("base64url")),
    { nil: undefined },
  ),
};
