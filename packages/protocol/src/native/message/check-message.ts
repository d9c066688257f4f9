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
  const root: Holder = { message: decoded };
  const problem = checkOf(schema)(decoded, root, "message", unknown);
  if (problem === undefined) return { value: root["message"] as T };
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

/** A map by its names; a list by its places, which its type does not say. */
type Holder = Record<string | number, unknown>;

/** With where the value is kept, so that defaults and bytes can be put in its place. */
type Check = (
  value: unknown,
  holder: Holder,
  key: string | number,
  unknown: UnknownFields,
) => Problem | undefined;

const checksMade = new WeakMap<JsonSchema, Check>();

/** What a schema demands is read once: looking it up for each value took longer than the check. */
function checkOf(schema: JsonSchema): Check {
  let made = checksMade.get(schema);
  if (made === undefined) {
    made = makeCheck(schema);
    checksMade.set(schema, made);
  }
  return made;
}

function makeCheck(schema: JsonSchema): Check {
  if (schema.anyOf !== undefined) return eitherCheck(schema, schema.anyOf);
  const { type } = schema;
  if (type === undefined) return () => undefined;
  switch (type) {
    case "object":
      return schema.properties === undefined
        ? entriesCheck(schema)
        : fieldsCheck(schema, schema.properties);
    case "array":
      return schema.prefixItems === undefined ? listCheck(schema) : placesCheck(schema.prefixItems);
    case "integer":
      return integerCheck(schema);
    case "boolean":
      return (value) => (typeof value === "boolean" ? undefined : wrong("must be true or false"));
    case "null":
      return (value) => (value === null ? undefined : wrong("must be null"));
    case "string":
      return schema.contentEncoding === "base64" ? checkBytes : textCheck(schema);
  }
}

function wrong(text: string, hint?: string): Problem {
  return { path: "", text, ...(hint === undefined ? {} : { hint }) };
}

function inside(step: string, problem: Problem): Problem {
  problem.path = step + problem.path;
  return problem;
}

type Field = {
  readonly name: string;
  readonly check: Check;
  readonly byDefault: unknown;
  readonly isRequired: boolean;
};

function fieldsCheck(
  { required = [] }: JsonSchema,
  properties: Readonly<Record<string, JsonSchema>>,
): Check {
  const names = new Set(Object.keys(properties));
  const fields = Object.entries(properties).map(
    ([name, property]): Field => ({
      name,
      check: checkOf(property),
      byDefault: property.default,
      isRequired: required.includes(name),
    }),
  );
  return (value, _holder, _key, unknown) => {
    if (!isPlainObject(value)) return wrong("must be a map of named fields");
    const foreign = unknown === "refuse" ? foreignName(value, names) : undefined;
    if (foreign !== undefined) return unknownField(foreign, [...names]);
    for (const field of fields) {
      const { name } = field;
      const given = value[name];
      const problem =
        given === undefined ? complete(value, field) : field.check(given, value, name, unknown);
      if (problem !== undefined) return inside(`.${name}`, problem);
    }
    return undefined;
  };
}

function foreignName(value: Holder, names: ReadonlySet<string>): string | undefined {
  for (const name in value) if (!names.has(name)) return name;
  return undefined;
}

function complete(value: Holder, { byDefault, isRequired, name }: Field): Problem | undefined {
  if (byDefault !== undefined) value[name] = byDefault;
  else if (isRequired) return wrong("is missing");
  return undefined;
}

/** A map with names of the sender's choice. */
function entriesCheck({ additionalProperties, maxProperties }: JsonSchema): Check {
  const checkEntry = additionalProperties ? checkOf(additionalProperties) : undefined;
  return (value, _holder, _key, unknown) => {
    if (!isPlainObject(value)) return wrong("must be a map of named fields");
    const names = Object.keys(value);
    if (names.length > (maxProperties ?? Number.POSITIVE_INFINITY)) {
      return wrong(`must have at most ${maxProperties} entries, not ${names.length}`);
    }
    if (checkEntry === undefined) return undefined;
    for (const name of names) {
      const problem = checkEntry(value[name], value, name, unknown);
      if (problem !== undefined) return inside(`.${printable(name)}`, problem);
    }
    return undefined;
  };
}

function listCheck({ items, maxItems, uniqueItems }: JsonSchema): Check {
  const checkItem = items === undefined ? undefined : checkOf(items);
  return (value, _holder, _key, unknown) => {
    if (!Array.isArray(value)) return wrong("must be a list");
    if (value.length > (maxItems ?? Number.POSITIVE_INFINITY)) {
      return wrong(`must have at most ${maxItems} entries, not ${value.length}`);
    }
    if (checkItem === undefined) return undefined;
    for (let i = 0; i < value.length; i++) {
      const problem = checkItem(value[i], value as unknown as Holder, i, unknown);
      if (problem !== undefined) return inside(`[${i}]`, problem);
    }
    return uniqueItems === true ? checkUnique(value) : undefined;
  };
}

function placesCheck(places: readonly JsonSchema[]): Check {
  const { length } = places;
  const checks = places.map(checkOf);
  return (value, _holder, _key, unknown) => {
    if (!Array.isArray(value)) return wrong("must be a list");
    if (value.length < length || (unknown === "refuse" && value.length > length)) {
      return wrong(`must have ${length} entries, not ${value.length}`);
    }
    for (const [i, checkPlace] of checks.entries()) {
      const problem = checkPlace(value[i], value as unknown as Holder, i, unknown);
      if (problem !== undefined) return inside(`[${i}]`, problem);
    }
    return undefined;
  };
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

function integerCheck({ minimum, maximum }: JsonSchema): Check {
  const least = minimum ?? Number.NEGATIVE_INFINITY;
  const most = maximum ?? Number.POSITIVE_INFINITY;
  return (value, holder, key) => {
    if (typeof value !== "number" || !Number.isSafeInteger(value)) {
      return wrong("must be a whole number between -(2^53 - 1) and 2^53 - 1");
    }
    if (value < least) return wrong(`must be at least ${least}, not ${value}`);
    if (value > most) return wrong(`must be at most ${most}, not ${value}`);
    // Minus zero is a whole number for JavaScript; inside there is only one zero.
    if (Object.is(value, -0)) holder[key] = 0;
    return undefined;
  };
}

function textCheck(schema: JsonSchema): Check {
  const { enum: names, maxLength = Number.POSITIVE_INFINITY, pattern } = schema;
  if (schema.format === "topic-name") return checkTopicName;
  const matches = pattern === undefined ? undefined : new RegExp(pattern);
  return (value) => {
    if (typeof value !== "string") return wrong("must be a text");
    if (names !== undefined) {
      if (names.includes(value)) return undefined;
      return wrong(`must be one of ${names.join(", ")}`, didYouMean(value, names));
    }
    if (value.length > maxLength) {
      return wrong(`must have at most ${maxLength} characters, not ${value.length}`);
    }
    return matches?.test(value) === false ? wrong(`must match ${pattern}`) : undefined;
  };
}

function checkTopicName(value: unknown): Problem | undefined {
  if (typeof value !== "string") return wrong("must be a text");
  const fault = topicNameFault(value);
  if (fault === undefined) return undefined;
  return { path: "", text: `is refused: ${fault}`, code: "INVALID_TOPIC_EXCEPTION" };
}

const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

function checkBytes(value: unknown, holder: Holder, key: string | number): Problem | undefined {
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
function eitherCheck({ description }: JsonSchema, anyOf: readonly JsonSchema[]): Check {
  const shapes = anyOf.map((shape) => ({ check: checkOf(shape), type: shape.type }));
  return (value, holder, key, unknown) => {
    let nearest: Problem | undefined;
    for (const { check: checkShape, type } of shapes) {
      const problem = checkShape(value, holder, key, unknown);
      if (problem === undefined) return undefined;
      const isNear = problem.path !== "" || (type === "integer" && typeof value === "number");
      if (isNear && problem.path.length >= (nearest?.path.length ?? 0)) nearest = problem;
    }
    return nearest ?? wrong(`must be ${description ?? "of another shape"}`);
  };
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
