import { topicNameFault } from "@zoolog/base";
import { checkMessage, type JsonSchema, type Schema } from "@zoolog/protocol";
import { invalidRequest, invalidTopicName, refusedMessage } from "./errors.ts";

/**
 * The query of a URL against a schema: digits become numbers where the schema knows numbers, and
 * from there on it is a message like any other. An unknown or repeated name is refused.
 *
 * @throws ZoologError INVALID_REQUEST
 */
export function readQuery<T>(schema: Schema<T>, query: unknown): T {
  // Without a prototype `__proto__` is an unknown name like any other.
  const given = Object.create(null) as Record<string, unknown>;
  for (const [name, value] of Object.entries(query as Record<string, unknown>)) {
    const property = schema.properties?.[name];
    given[name] = property !== undefined && takesNumbers(property) ? asNumber(value) : value;
  }
  const checked = checkMessage(schema, given);
  if (checked.fault !== undefined) throw refusedMessage(checked.fault);
  return checked.value;
}

function takesNumbers(schema: JsonSchema): boolean {
  return schema.type === "integer" || (schema.anyOf ?? []).some(takesNumbers);
}

/** Left as it is when it is no whole number: the check then says what it should be. */
function asNumber(value: unknown): unknown {
  return typeof value === "string" && /^-?\d+$/.test(value) ? Number(value) : value;
}

/** The partition in a path. */
export function readPartition(text: string): number {
  const partition = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  if (partition <= 0x7fff_ffff) return partition;
  throw invalidRequest("a partition is a number, 0 for the first");
}

/** A topic name as it comes out of a path, percent-decoded: `..%2f..` arrives here as `../..`. */
export function readTopic(name: string): string {
  const fault = topicNameFault(name);
  if (fault !== undefined) throw invalidTopicName(fault);
  return name;
}
