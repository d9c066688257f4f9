import type { Codec } from "./scalar-codecs.ts";
import type { WireReader } from "./wire-reader.ts";
import { WireWriter } from "./wire-writer.ts";

/**
 * The section that ends each struct of a flexible version (KIP-482): a count, then of each field
 * its tag, its size and its value, by rising tag. Fields that have their default are not sent, and
 * those that a newer sender knows are passed over.
 */
export type TaggedField = {
  readonly name: string;
  readonly tag: number;
  readonly missing: unknown;
  readonly codec: Codec;
};

/** Of an empty value: tag and size. */
const TAGGED_FIELD_BYTES_MIN = 2;

export function readTaggedFields(
  reader: WireReader,
  fields: readonly TaggedField[],
  value: Record<string, unknown>,
): void {
  const count = reader.unsignedVarint();
  if (count === 0) return;
  reader.expectElements(count, TAGGED_FIELD_BYTES_MIN);
  for (let index = 0; index < count; index++) {
    const tag = reader.unsignedVarint();
    const size = reader.unsignedVarint();
    const end = reader.position + size;
    const field = fields.find((known) => known.tag === tag);
    if (field !== undefined) value[field.name] = field.codec.read(reader);
    reader.skipTo(end);
  }
}

export function writeTaggedFields(
  writer: WireWriter,
  fields: readonly TaggedField[],
  value: Readonly<Record<string, unknown>>,
): void {
  const present = fields.filter((field) => !isDefault(value[field.name], field.missing));
  writer.unsignedVarint(present.length);
  for (const { name, tag, codec } of present) {
    const content = new WireWriter();
    codec.write(content, value[name]);
    writer.unsignedVarint(tag);
    writer.unsignedVarint(content.byteLength);
    for (const piece of content.finish()) writer.bytes(piece);
  }
}

function isDefault(value: unknown, missing: unknown): boolean {
  return value === undefined || value === missing || (Array.isArray(value) && value.length === 0);
}
