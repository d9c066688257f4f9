import { encodeRecordBatch, type JsonSchema } from "@zoolog/protocol";

/** Most bytes in messages are records. */
const BYTES = encodeRecordBatch([{ timestamp: 1_000, value: "a" }]);

/** Messages that a schema lets through: the shortest, and one with every field it may have. */
export function samplesOf(schema: JsonSchema): readonly unknown[] {
  return [sampleOf(schema, false), sampleOf(schema, true)];
}

function sampleOf(schema: JsonSchema, isFull: boolean): unknown {
  if (schema.anyOf !== undefined) {
    return sampleOf((isFull ? schema.anyOf.at(-1) : schema.anyOf[0]) ?? {}, isFull);
  }
  const { type = "null" } = schema;
  switch (type) {
    case "object":
      return objectOf(schema, isFull);
    case "array":
      if (schema.prefixItems !== undefined) {
        return schema.prefixItems.map((place) => sampleOf(place, isFull));
      }
      return isFull && schema.items !== undefined ? [sampleOf(schema.items, true)] : [];
    case "integer":
      return isFull ? (schema.maximum ?? 7) : Math.max(0, schema.minimum ?? 0);
    case "boolean":
      return isFull;
    case "string":
      return textOf(schema);
    case "null":
      return null;
  }
}

function objectOf(schema: JsonSchema, isFull: boolean): unknown {
  const named = Object.entries(schema.properties ?? {});
  const wanted = named.filter(([name]) => isFull || schema.required?.includes(name));
  const fields = wanted.map(([name, field]): [string, unknown] => [name, sampleOf(field, isFull)]);
  if (isFull && typeof schema.additionalProperties === "object") {
    fields.push(["cleanup.policy", sampleOf(schema.additionalProperties, true)]);
  }
  return Object.fromEntries(fields);
}

function textOf(schema: JsonSchema): unknown {
  if (schema.contentEncoding === "base64") return BYTES;
  if (schema.enum !== undefined) return schema.enum[0];
  if (schema.format === "topic-name") return "orders";
  return schema.maxLength === 22 ? "abcdefghijklmnopqrstuv" : "text";
}
