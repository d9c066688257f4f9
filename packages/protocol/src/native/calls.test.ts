import { NATIVE_CALLS } from "./calls.ts";
import { checkMessage } from "./message/check-message.ts";
import { PEER_CALLS } from "./peer/peer-calls.ts";
import type { JsonSchema } from "./schema.ts";

function* nodes(schema: JsonSchema): Generator<JsonSchema> {
  yield schema;
  const children = [
    ...Object.values(schema.properties ?? {}),
    ...(schema.anyOf ?? []),
    ...(schema.items ? [schema.items] : []),
    ...(schema.prefixItems ?? []),
    ...(schema.additionalProperties ? [schema.additionalProperties] : []),
  ];
  for (const child of children) yield* nodes(child);
}

const schemas = Object.entries({ ...NATIVE_CALLS, ...PEER_CALLS }).flatMap(
  ([name, { request, response }]) => [
    [`${name} request`, request] as const,
    [`${name} response`, response] as const,
  ],
);

test.each(schemas)("the %s bounds everything it can hold", (_name, schema) => {
  for (const node of nodes(schema)) {
    if (node.type === "array") expect(node.maxItems).toBeDefined();
    if (node.type === "integer") expect([node.minimum, node.maximum]).not.toContain(undefined);
    const isText = node.type === "string" && node.contentEncoding === undefined;
    if (isText && node.enum === undefined) expect(node.maxLength).toBeDefined();
    if (node.properties !== undefined) expect(node.additionalProperties).toBe(false);
  }
});

test("a field with a default is never required, and its default fits it", () => {
  for (const [, schema] of schemas) {
    for (const node of nodes(schema)) {
      for (const [name, property] of Object.entries(node.properties ?? {})) {
        if (property.default === undefined) continue;
        expect(node.required).not.toContain(name);
        expect(checkMessage(property, property.default).fault).toBeUndefined();
      }
    }
  }
});

test.each(["describe-groups", "group-lag"] as const)(
  "%s tells of each group once: an answer is much longer than the id it was asked by",
  (call) => {
    const { request } = NATIVE_CALLS[call];
    expect(checkMessage(request, { groups: ["a", "b"] }).fault).toBeUndefined();
    expect(checkMessage(request, { groups: ["a", "b", "a"] }).fault).toBeDefined();
  },
);
