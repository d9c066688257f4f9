import type {
  BrokerEpoch,
  BrokerId,
  ControllerEpoch,
  CoordinatorEpoch,
  LeaderEpoch,
  Offset,
  PartitionEpoch,
  Timestamp,
  TopicId,
} from "@zoolog/base";

/**
 * The few shapes the native plane's messages are made of. A schema is a plain JSON Schema (2020-12)
 * object, so that one value is the static type (`Static`), the check (`checkMessage`) and the page
 * of the OpenAPI document. Building it costs nothing and pulls in no library: the SDK and the
 * command line load these modules too (docs/decisions/003-native-schemas.md has the figures).
 */
export type Schema<T> = JsonSchema & { readonly [carried]?: T };

declare const carried: unique symbol;

/** The type that a schema describes. */
export type Static<S> = S extends { readonly [carried]?: infer T } ? Exclude<T, undefined> : never;

/** The keywords of JSON Schema that these messages use, and no others. */
export type JsonSchema = {
  readonly type?: "object" | "array" | "string" | "integer" | "boolean" | "null";
  readonly description?: string;
  readonly default?: unknown;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: false | JsonSchema;
  readonly maxProperties?: number;
  readonly items?: JsonSchema;
  /** One schema per place of a list whose places have meanings. */
  readonly prefixItems?: readonly JsonSchema[];
  readonly minItems?: number;
  readonly maxItems?: number;
  /** Of texts only. */
  readonly uniqueItems?: boolean;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly format?: "topic-name";
  /** Raw bytes: a msgpack `bin`, base64 text in JSON. */
  readonly contentEncoding?: "base64";
  readonly enum?: readonly string[];
  readonly anyOf?: readonly JsonSchema[];
};

type Keywords = { readonly description?: string };

type Optional<T> = { readonly optional: Schema<T> };

type Fields = Readonly<Record<string, Schema<unknown> | Optional<unknown>>>;

type RequiredNames<F extends Fields> = {
  [K in keyof F]: F[K] extends Optional<unknown> ? never : K;
}[keyof F];

/** Spells the intersection out, so that an editor shows fields instead of machinery. */
type Shape<T> = { [K in keyof T]: T[K] };

type ObjectOf<F extends Fields> = Shape<
  { readonly [K in RequiredNames<F>]: Static<F[K]> } & {
    readonly [K in Exclude<keyof F, RequiredNames<F>>]?: F[K] extends Optional<infer T>
      ? Exclude<T, undefined>
      : never;
  }
>;

/** A field that may be missing; it is never `null`. */
export function optional<T>(schema: Schema<T>): Optional<T> {
  return { optional: schema };
}

/**
 * Exactly these fields: an unknown one is refused, never ignored. One with a `default` may be left
 * out by the sender and is always there after `checkMessage`.
 */
export function object<F extends Fields>(fields: F, keywords: Keywords = {}): Schema<ObjectOf<F>> {
  const properties: Record<string, JsonSchema> = {};
  const required: string[] = [];
  for (const [name, field] of Object.entries(fields)) {
    if ("optional" in field) {
      properties[name] = field.optional;
    } else {
      properties[name] = field;
      if (field.default === undefined) required.push(name);
    }
  }
  return { type: "object", ...keywords, properties, required, additionalProperties: false };
}

/** Entries of one list: as many as a topic may have partitions, and more than any client batches. */
const LIST_ITEMS_MAX = 10_000;
/** Names in one map: more than a topic has settings. */
const RECORD_NAMES_MAX = 1_000;

export function list<T>(items: Schema<T>, keywords: Keywords = {}): Schema<readonly T[]> {
  return { type: "array", ...keywords, items, maxItems: LIST_ITEMS_MAX };
}

/** Partitions or topics of a whole cluster in one message between brokers. */
const CLUSTER_LIST_ITEMS_MAX = 100_000;

/** Of messages between brokers only, which are about all partitions at once. */
export function clusterList<T>(items: Schema<T>, keywords: Keywords = {}): Schema<readonly T[]> {
  return { type: "array", ...keywords, items, maxItems: CLUSTER_LIST_ITEMS_MAX };
}

/**
 * A list whose places have meanings, without their names: for what comes a hundred thousand times in
 * a message. A newer sender may add places at the end of an answer.
 */
export function tuple<const Places extends readonly Schema<unknown>[]>(
  places: Places,
  keywords: Keywords = {},
): Schema<{ readonly [Place in keyof Places]: Static<Places[Place]> }> {
  const { length } = places;
  return { type: "array", ...keywords, prefixItems: places, minItems: length, maxItems: length };
}

/**
 * Topics that are asked about, each once: the answer about one is a thousand times longer than its
 * name, so that a short list of one name over and over would have a very long answer.
 */
export function topicNames(): Schema<readonly string[]> {
  return { ...list(topicName), uniqueItems: true };
}

/** Names chosen by the user (configuration keys) with values of one type. */
export function record<T>(
  values: Schema<T>,
  keywords: Keywords = {},
): Schema<Readonly<Record<string, T>>> {
  return {
    type: "object",
    ...keywords,
    additionalProperties: values,
    maxProperties: RECORD_NAMES_MAX,
  };
}

export function integer(
  range: { readonly minimum: number; readonly maximum: number; readonly default?: number },
  keywords: Keywords = {},
): Schema<number> {
  return { type: "integer", ...keywords, ...range };
}

export function text(
  limits: { readonly maxLength: number },
  keywords: Keywords = {},
): Schema<string> {
  return { type: "string", ...keywords, ...limits };
}

export function flag(keywords: Keywords & { readonly default?: boolean } = {}): Schema<boolean> {
  return { type: "boolean", ...keywords };
}

export function bytes(keywords: Keywords = {}): Schema<Buffer> {
  return { type: "string", contentEncoding: "base64", ...keywords };
}

export function nothing(): Schema<null> {
  return { type: "null" };
}

/** Whatever the form can express; the checks do not look into it. */
export function anything(): Schema<unknown> {
  return {};
}

export function oneOfNames<const Names extends readonly string[]>(
  names: Names,
  keywords: Keywords & { readonly default?: Names[number] } = {},
): Schema<Names[number]> {
  return { type: "string", ...keywords, enum: names };
}

/**
 * A value of one of these shapes; the first that fits is taken. Where one shape has only optional
 * fields beside those of another, put the other first: a client allows fields it does not know.
 */
export function either<const Shapes extends readonly Schema<unknown>[]>(
  shapes: Shapes,
  keywords: Keywords & { readonly default?: Static<Shapes[number]> } = {},
): Schema<Static<Shapes[number]>> {
  return { ...keywords, anyOf: shapes };
}

const INT32_MAX = 0x7fff_ffff;

/** Kafka's rule for names, which also makes them safe as folders (`topicNameFault` of base). */
export const topicName: Schema<string> = {
  type: "string",
  format: "topic-name",
  description: "Letters, digits, '.', '_', '-'; at most 249 characters; not '.' or '..'",
  maxLength: 249,
  pattern: "^(?!\\.{1,2}$)[a-zA-Z0-9._-]+$",
};

export const topicId: Schema<TopicId> = {
  type: "string",
  description: "128 bits in base64url: one incarnation of a topic",
  maxLength: 22,
  pattern: "^[A-Za-z0-9_-]{22}$",
};

export const int32: Schema<number> = { type: "integer", minimum: 0, maximum: INT32_MAX };
/** Whole numbers above 2^53 - 1 do not survive JavaScript or JSON and are refused. */
export const int64: Schema<number> = {
  type: "integer",
  minimum: 0,
  maximum: Number.MAX_SAFE_INTEGER,
};
export const partitionIndex: Schema<number> = { ...int32, description: "0 for the first" };
export const offsetField: Schema<Offset> = int64 as Schema<Offset>;
export const leaderEpochField: Schema<LeaderEpoch> = int32 as Schema<LeaderEpoch>;
export const brokerIdField: Schema<BrokerId> = int32 as Schema<BrokerId>;
export const brokerEpochField: Schema<BrokerEpoch> = int64 as Schema<BrokerEpoch>;
export const controllerEpochField: Schema<ControllerEpoch> = int32 as Schema<ControllerEpoch>;
export const coordinatorEpochField: Schema<CoordinatorEpoch> = int32 as Schema<CoordinatorEpoch>;
export const partitionEpochField: Schema<PartitionEpoch> = int32 as Schema<PartitionEpoch>;
export const timestampField: Schema<Timestamp> = {
  ...int64,
  description: "Milliseconds since 1970-01-01 UTC",
} as Schema<Timestamp>;

/** Kafka's nesting: topics by name, and what is said of some partitions of each. */
export function topicsOf<T>(
  partition: Schema<T>,
): Schema<readonly { readonly topic: string; readonly partitions: readonly T[] }[]> {
  return list(object({ topic: topicName, partitions: list(partition) }));
}
