import { assert } from "@zoolog/base";
import { malformedMessage } from "../../errors.ts";
import type { FieldSchema, Fields, ReadOf, WrittenOf } from "./message-schema.ts";
import { type Codec, type Encoding, lengthCodec, scalarCodec } from "./scalar-codecs.ts";
import { readTaggedFields, type TaggedField, writeTaggedFields } from "./tagged-fields.ts";
import type { WireReader } from "./wire-reader.ts";
import type { WireWriter } from "./wire-writer.ts";

export type VersionRange = readonly [first: number, last: number];

/** One direction of a call, in every version. */
export type MessageBody<Read, Written> = {
  /** The table itself: for tests, which fill it in. */
  readonly fields: Fields;
  /** @throws MALFORMED_MESSAGE */
  read(reader: WireReader, version: number): Read;
  write(writer: WireWriter, version: number, value: Written): void;
};

/**
 * The codec of each version is compiled when it is first asked for, as most clients use one of ten.
 * To ask for a version out of range is a mistake in the program: who reads a stranger's version
 * compares it first.
 */
export function messageBody<F extends Fields>(
  fields: F,
  options: { readonly versions: VersionRange; readonly flexibleFrom: number },
): MessageBody<ReadOf<F>, WrittenOf<F>> {
  const codecs: (Codec | undefined)[] = [];
  const codecOf = (version: number): Codec => {
    const compiled = codecs[version];
    if (compiled !== undefined) return compiled;
    const [first, last] = options.versions;
    assert(version >= first && version <= last, () => `there is no version ${version}`);
    const codec = structCodec(fields, { version, flexible: version >= options.flexibleFrom });
    codecs[version] = codec;
    return codec;
  };
  return {
    fields,
    read: (reader, version) => codecOf(version).read(reader) as ReadOf<F>,
    write: (writer, version, value) => codecOf(version).write(writer, value),
  };
}

function fieldCodec(schema: FieldSchema, encoding: Encoding): Codec {
  const { type } = schema;
  if (type.kind === "array")
    return arrayCodec(schema, fieldCodec(type.element, encoding), encoding);
  if (type.kind !== "struct") return scalarCodec(type.kind, schema, encoding);
  const codec = structCodec(type.fields, encoding);
  return encoding.version >= schema.nullFrom ? nullableStruct(codec) : codec;
}

type FieldInPlace = { readonly name: string; readonly codec: Codec };

function structCodec(fields: Readonly<Record<string, FieldSchema>>, encoding: Encoding): Codec {
  const inPlace: FieldInPlace[] = [];
  const tagged: TaggedField[] = [];
  // In the order of the table in every version, so that V8 sees objects of one shape.
  const steps = Object.entries(fields).map(([name, schema]) => {
    const { tag, missing } = schema;
    if (encoding.version < schema.from || encoding.version > schema.to) return { name, missing };
    const codec = fieldCodec(schema, encoding);
    if (tag === undefined) inPlace.push({ name, codec });
    else tagged.push({ name, tag, missing, codec });
    return { name, missing, read: tag === undefined ? codec.read : undefined };
  });
  const bytesMin = inPlace.reduce((sum, field) => sum + field.codec.bytesMin, 0);
  return {
    bytesMin: bytesMin + (encoding.flexible ? 1 : 0),
    read: (reader) => {
      const value: Record<string, unknown> = {};
      for (const { name, missing, read } of steps) {
        value[name] = read === undefined ? missing : read(reader);
      }
      if (encoding.flexible) readTaggedFields(reader, tagged, value);
      return value;
    },
    write: (writer, value) => {
      const held = value as Readonly<Record<string, unknown>>;
      for (const { name, codec } of inPlace) codec.write(writer, held[name]);
      if (encoding.flexible) writeTaggedFields(writer, tagged, held);
    },
  };
}

/** Its first byte says whether there is one: −1 for none, 1 for some. */
function nullableStruct(codec: Codec): Codec {
  return {
    bytesMin: 1,
    read: (reader) => (reader.int8() < 0 ? undefined : codec.read(reader)),
    write: (writer, value) => {
      writer.int8(value === undefined ? -1 : 1);
      if (value !== undefined) codec.write(writer, value);
    },
  };
}

function arrayCodec(schema: FieldSchema, element: Codec, encoding: Encoding): Codec {
  const length = lengthCodec("array", encoding);
  const isNullable = encoding.version >= schema.nullFrom;
  return {
    bytesMin: length.bytesMin,
    read: (reader) => {
      const count = length.read(reader);
      if (count < 0) {
        if (isNullable) return undefined;
        throw malformedMessage("a list that must be there is null");
      }
      reader.expectElements(count, element.bytesMin);
      const elements: unknown[] = [];
      for (let index = 0; index < count; index++) elements.push(element.read(reader));
      return elements;
    },
    write: (writer, value) => {
      if (value === undefined && isNullable) return length.write(writer, -1);
      const elements = (value ?? []) as readonly unknown[];
      length.write(writer, elements.length);
      for (const held of elements) element.write(writer, held);
    },
  };
}
