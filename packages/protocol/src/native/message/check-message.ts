import { nearestName, topicNameFault } from "@zoolog/base";
import type { JsonSchema, Schema } from "../schema.ts";

/** Why a message was refused. The plane answers it with status 400. */
export type MessageFault = {
  readonly code: "MALFORMED_BODY" | "INVALID_REQUEST" | "INVALID_TOPIC_EXCEPTION";
  /** Names the field, as in `topics[0].partitions[2].fetchOffset must be at least 0`. */
  readonly message: string;
  readonly hint?: string;
};

export type Checked<T> =
  | { readonly value: T; readonly fault?: undefined }
  | { readonly value?: undefined; readonly fault: MessageFault };

/**
 * Checks a decoded request against its schema and completes it **in place**: missing fields get
 * their default, base64 texts become bytes. Give it what a decoder has just made, nothing shared.
 *
 * It walks the schema, not the value: a hostile value cannot make it recurse deeper than the
 * message's own shape, and unknown parts are refused without being looked into.
 */
export function checkMessage<T>(schema: Schema<T>, decoded: unknown): Checked<T> {
  return check(schema, decoded, "refuse");
}

/**
 * As `checkMessage`, for what a broker answers: fields that are not in the schema are left alone,
 * so that a client gets along with a broker that is newer than itself.
 */
export function checkResponse<T>(schema: Schema<T>, decoded: unknown): Checked<T> {
  return check(schema, decoded, "allow");
}

type UnknownFields = "refuse" | "allow";

function check<T>(schema: Schema<T>, decoded: unknown, unknown: UnknownFields): Checked<T> {
  const root = { message: decoded };
  const problem = checkAt(schema, root, "message", unknown);
  if (problem === undefined) return { value: root.message as T };
  const path = problem.path.replace(/^\./, "");
  return {
    fault: {
      code: problem.code ?? "INVALID_REQUEST",
      message: `${path === "" ? "the message" : path} ${problem.text}`,
      ...(problem.hint === undefined ? {} : { hint: problem.hint }),
    },
  };
}

type Problem = {
  /** From the value that was checked down to the culprit: `.topics[0].topic`. */
  path: string;
  readonly text: string;
  readonly code?: MessageFault["code"];
  readonly hint?: string;
};

type Holder = Record<string | number, unknown>;

/** The value is given by where it is kept, so that defaults and bytes can be put in its place. */
type Check = (
  schema: JsonSchema,
  holder: Holder,
  key: string | number,
  unknown: UnknownFields,
) => Problem | undefined;

const checkAt: Check = (schema, holder, key, unknown) => {
  if (schema.anyOf !== undefined) return checkEither(schema, holder, key, unknown);
  return schema.type === undefined ? undefined : checks[schema.type](schema, holder, key, unknown);
};

const checks: Readonly<Record<NonNullable<JsonSchema["type"]>, Check>> = {
  object: (schema, holder, key, unknown) => checkObject(schema, holder[key], unknown),
  array: (schema, holder, key, unknown) => checkArray(schema, holder[key], unknown),
  integer: checkInteger,
  boolean: (_schema, holder, key) =>
    typeof holder[key] === "boolean" ? undefined : wrong("must be true or false"),
  null: (_schema, holder, key) => (holder[key] === null ? undefined : wrong("must be null")),
  string: (schema, holder, key) =>
    schema.contentEncoding === "base64" ? checkBytes(holder, key) : checkText(schema, holder[key]),
};

function wrong(text: string, hint?: string): Problem {
  return { path: "", text, ...(hint === undefined ? {} : { hint }) };
}

function inside(step: string, problem: Problem | undefined): Problem | undefined {
  if (problem !== undefined) problem.path = step + problem.path;
  return problem;
}

function checkObject(
  schema: JsonSchema,
  value: unknown,
  unknown: UnknownFields,
): Problem | undefined {
  if (!isPlainObject(value)) return wrong("must be a map of named fields");
  const named = schema.properties;
  if (named === undefined) return checkEntries(schema, value, unknown);
  if (unknown === "refuse") {
    for (const name in value) {
      if (!Object.hasOwn(named, name)) return unknownField(name, Object.keys(named));
    }
  }
  for (const name in named) {
    const property = named[name] as JsonSchema;
    if (value[name] === undefined) {
      if (property.default !== undefined) value[name] = property.default;
      else if (schema.required?.includes(name)) return inside(`.${name}`, wrong("is missing"));
      continue;
    }
    const problem = checkAt(property, value, name, unknown);
    if (problem !== undefined) return inside(`.${name}`, problem);
  }
  return undefined;
}

/** A map with names of the sender's choice. */
function checkEntries(
  schema: JsonSchema,
  value: Holder,
  unknown: UnknownFields,
): Problem | undefined {
  const names = Object.keys(value);
  if (names.length > (schema.maxProperties ?? Number.POSITIVE_INFINITY)) {
    return wrong(`must have at most ${schema.maxProperties} entries, not ${names.length}`);
  }
  if (!schema.additionalProperties) return undefined;
  for (const name of names) {
    const problem = checkAt(schema.additionalProperties, value, name, unknown);
    if (problem !== undefined) return inside(`.${printable(name)}`, problem);
  }
  return undefined;
}

function checkArray(
  schema: JsonSchema,
  value: unknown,
  unknown: UnknownFields,
): Problem | undefined {
  if (!Array.isArray(value)) return wrong("must be a list");
  if (schema.prefixItems !== undefined) return checkPlaces(schema.prefixItems, value, unknown);
  if (value.length > (schema.maxItems ?? Number.POSITIVE_INFINITY)) {
    return wrong(`must have at most ${schema.maxItems} entries, not ${value.length}`);
  }
  if (schema.items === undefined) return undefined;
  for (let i = 0; i < value.length; i++) {
    const problem = checkAt(schema.items, value as unknown as Holder, i, unknown);
    if (problem !== undefined) return inside(`[${i}]`, problem);
  }
  return schema.uniqueItems === true ? checkUnique(value) : undefined;
}

function checkPlaces(
  places: readonly JsonSchema[],
  value: readonly unknown[],
  unknown: UnknownFields,
): Problem | undefined {
  const { length } = places;
  if (value.length < length || (unknown === "refuse" && value.length > length)) {
    return wrong(`must have ${length} entries, not ${value.length}`);
  }
  for (let i = 0; i < length; i++) {
    const problem = checkAt(places[i] as JsonSchema, value as unknown as Holder, i, unknown);
    if (problem !== undefined) return inside(`[${i}]`, problem);
  }
  return undefined;
}

function checkUnique(values: readonly unknown[]): Problem | undefined {
  const firsts = new Map<unknown, number>();
  for (const [i, value] of values.entries()) {
    const first = firsts.get(value);
    if (first !== undefined) return inside(`[${i}]`, wrong(`is the same as [${first}]`));
    firsts.set(value, i);
  }
  return undefined;
}

function checkInteger(
  schema: JsonSchema,
  holder: Holder,
  key: string | number,
): Problem | undefined {
  const value = holder[key];
  if (typeof value !== "number" || !Number.isSafeInteger(value)) {
    return wrong("must be a whole number between -(2^53 - 1) and 2^53 - 1");
  }
  if (schema.minimum !== undefined && value < schema.minimum) {
    return wrong(`must be at least ${schema.minimum}, not ${value}`);
  }
  if (schema.maximum !== undefined && value > schema.maximum) {
    return wrong(`must be at most ${schema.maximum}, not ${value}`);
  }
  // Minus zero is a whole number for JavaScript; inside there is only one zero.
  if (value === 0) holder[key] = 0;
  return undefined;
}

function checkText(schema: JsonSchema, value: unknown): Problem | undefined {
  if (typeof value !== "string") return wrong("must be a text");
  if (schema.format === "topic-name") {
    const fault = topicNameFault(value);
    if (fault === undefined) return undefined;
    return { path: "", text: `is refused: ${fault}`, code: "INVALID_TOPIC_EXCEPTION" };
  }
  if (schema.enum !== undefined) {
    if (schema.enum.includes(value)) return undefined;
    return wrong(`must be one of ${schema.enum.join(", ")}`, didYouMean(value, schema.enum));
  }
  if (schema.maxLength !== undefined && value.length > schema.maxLength) {
    return wrong(`must have at most ${schema.maxLength} characters, not ${value.length}`);
  }
  if (schema.pattern !== undefined && !patternOf(schema.pattern).test(value)) {
    return wrong(`must match ${schema.pattern}`);
  }
  return undefined;
}

const patterns = new Map<string, RegExp>();

/** Patterns are written in our schemas, so the map is as small as they are few. */
function patternOf(source: string): RegExp {
  let pattern = patterns.get(source);
  if (pattern === undefined) {
    pattern = new RegExp(source);
    patterns.set(source, pattern);
  }
  return pattern;
}

const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

function checkBytes(holder: Holder, key: string | number): Problem | undefined {
  const value = holder[key];
  if (value instanceof Uint8Array) {
    if (!Buffer.isBuffer(value)) {
      holder[key] = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
    }
    return undefined;
  }
  if (typeof value !== "string") return wrong("must be bytes: a msgpack bin, base64 text in JSON");
  if (value.length % 4 !== 0 || !BASE64.test(value)) {
    return wrong("must be base64 with padding", "Use the alphabet of RFC 4648 §4 ('+' and '/').");
  }
  const end = value.slice(-4);
  if (end.endsWith("=") && Buffer.from(end, "base64").toString("base64") !== end) {
    return wrong("must be base64 whose last character has no bits to spare");
  }
  holder[key] = Buffer.from(value, "base64");
  return undefined;
}

/** The first shape that fits is taken; where none does, the nearest one explains. */
function checkEither(
  schema: JsonSchema,
  holder: Holder,
  key: string | number,
  unknown: UnknownFields,
): Problem | undefined {
  let nearest: Problem | undefined;
  for (const shape of schema.anyOf ?? []) {
    const problem = checkAt(shape, holder, key, unknown);
    if (problem === undefined) return undefined;
    const isNear = problem.path !== "" || (shape.type === "integer" && isNumber(holder[key]));
    if (isNear && problem.path.length >= (nearest?.path.length ?? 0)) nearest = problem;
  }
  return nearest ?? wrong(`must be ${schema.description ?? "of another shape"}`);
}

function isNumber(value: unknown): boolean {
  return typeof value === "number";
}

function unknownField(name: string, known: readonly string[]): Problem {
  const shown = printable(name);
  return {
    path: `.${shown}`,
    text: "is not a field of this message",
    hint: didYouMean(name, known) ?? `Known here: ${known.join(", ")}.`,
  };
}

/** Names come from outside and end up in messages: no control characters, no novels. */
function printable(name: string): string {
  const cleaned = name.replace(/[^\x20-\x7e]/g, "?");
  return cleaned.length > 60 ? `${cleaned.slice(0, 60)}…` : cleaned;
}

function didYouMean(given: string, known: readonly string[]): string | undefined {
  if (given.length > 60) return undefined;
  const plain = (name: string): string => name.toLowerCase().replace(/[^a-z0-9]/g, "");
  const wanted = plain(given);
  const near =
    known.find((name) => {
      const candidate = plain(name);
      if (candidate === wanted) return true;
      return wanted.length >= 4 && (candidate.includes(wanted) || wanted.includes(candidate));
    }) ?? nearestName(given, known);
  return near === undefined ? undefined : `Did you mean "${near}"?`;
}

function isPlainObject(value: unknown): value is Holder {
  return (
    typeof value === "object" &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof Uint8Array)
  );
}
