import type { TopicId } from "@zoolog/base";
import type { ErrorCode } from "../../error-codes.ts";

/**
 * The few shapes that Kafka's messages are made of, and the versions in which each field is there.
 * One table of them is the static type of a message and its codec in every version
 * (docs/decisions/032-the-message-schemas.md). Kafka's own words for the encodings are in
 * https://kafka.apache.org/protocol#protocol_types.
 *
 * Inside, `undefined` stands for null and for the −1 or empty text that means "none" (`absent`).
 */
export type Field<Read, Written, Omittable extends boolean> = FieldSchema & {
  readonly [carried]?: readonly [Read, Written, Omittable];
};

declare const carried: unique symbol;

export type Fields = Readonly<Record<string, Field<unknown, unknown, boolean>>>;

/** What a codec is compiled from. */
export type FieldSchema = {
  readonly type: WireType;
  /** Of the versions that have the field. */
  readonly from: number;
  readonly to: number;
  /** The first version that can say null; `Infinity` when none can. */
  readonly nullFrom: number;
  /** Set for a tagged field (KIP-482). */
  readonly tag: number | undefined;
  /** On the wire this value means none. */
  readonly absent: number | string | undefined;
  /** The value inside where the wire has none: an older version, or a tag that was not sent. */
  readonly missing: unknown;
};

export type WireType =
  | { readonly kind: ScalarKind }
  | { readonly kind: "array"; readonly element: FieldSchema }
  | { readonly kind: "struct"; readonly fields: Readonly<Record<string, FieldSchema>> };

export type ScalarKind =
  | ("boolean" | "int8" | "int16" | "int32" | "int64" | "error")
  | ("string" | "bytes" | "records" | "uuid");

/** Record batches as they are sent: one piece or several, which are not joined. */
export type RecordPieces = Uint8Array | readonly Uint8Array[];

type Versions = {
  /** First and last version that have the field; all of them when left out. */
  readonly from?: number;
  readonly to?: number;
};

type Tagged = { readonly tag?: number };
type Nullable = { readonly nullFrom?: number };
type NumberOptions = Versions & Tagged & { readonly default?: number; readonly absent?: number };
type TextOptions = Versions & Tagged & Nullable & { readonly absent?: "" };
type NoOptions = Record<never, never>;

/** A field that can say "none". */
type Value<T, O> = O extends { readonly nullFrom: number } | { readonly absent: number | string }
  ? T | undefined
  : T;

/** The writer may leave out what not every version has, and what has a default. */
type Omittable<O> = [keyof O] extends [never] ? false : true;

export type Scalar<T, O> = Field<Value<T, O>, Value<T, O>, Omittable<O>>;

export function boolean<
  const O extends Versions & Tagged & { readonly default?: boolean } = NoOptions,
>(options?: O): Scalar<boolean, O> {
  return field({ kind: "boolean" }, false, options);
}

export function int8<const O extends NumberOptions = NoOptions>(options?: O): Scalar<number, O> {
  return field({ kind: "int8" }, 0, options);
}

export function int16<const O extends NumberOptions = NoOptions>(options?: O): Scalar<number, O> {
  return field({ kind: "int16" }, 0, options);
}

export function int32<const O extends NumberOptions = NoOptions>(options?: O): Scalar<number, O> {
  return field({ kind: "int32" }, 0, options);
}

/**
 * A number, not a bigint (docs/decisions/006-offsets-are-numbers.md). What a number cannot hold
 * exactly is read as the nearest one that it can: no offset, time or id of ours is out there, so it
 * compares with all of them as what was sent would.
 */
export function int64<const O extends NumberOptions = NoOptions>(options?: O): Scalar<number, O> {
  return field({ kind: "int64" }, 0, options);
}

/** Kafka's number of an error; `undefined` is none. Left out it means success. */
export function error(
  options?: Versions & Tagged,
): Field<ErrorCode | undefined, ErrorCode | undefined, true> {
  return field({ kind: "error" }, undefined, options);
}

export function string<const O extends TextOptions = NoOptions>(options?: O): Scalar<string, O> {
  return field({ kind: "string" }, "", options);
}

/** The zero UUID is none. */
export function uuid(options?: Versions): Field<TopicId | undefined, TopicId | undefined, true> {
  return field({ kind: "uuid" }, undefined, options);
}

/** Read as a copy: what is kept of it keeps nothing else of the request. */
export function bytes<const O extends Versions & Nullable = NoOptions>(
  options?: O,
): Field<Value<Buffer, O>, Value<Uint8Array, O>, Omittable<O>> {
  return field({ kind: "bytes" }, NO_BYTES, options);
}

/** Record batches: read as a view of the request's bytes, which it keeps; written without a copy. */
export function records<const O extends Versions & Nullable = NoOptions>(
  options?: O,
): Field<Value<Buffer, O>, Value<RecordPieces, O>, Omittable<O>> {
  return field({ kind: "records" }, NO_BYTES, options);
}

export function array<R, W, const O extends Versions & Tagged & Nullable = NoOptions>(
  element: Field<R, W, boolean>,
  options?: O,
): Field<Value<readonly R[], O>, Value<readonly W[], O>, Omittable<O>> {
  return field({ kind: "array", element }, NO_ELEMENTS, options);
}

/** A tagged struct is `undefined` when the tag is not sent. */
export function struct<F extends Fields, const O extends Versions & Tagged & Nullable = NoOptions>(
  fields: F,
  options?: O,
): Field<Struct<ReadOf<F>, O>, Struct<WrittenOf<F>, O>, Omittable<O>> {
  return field({ kind: "struct", fields }, undefined, options);
}

type Struct<T, O> = O extends { readonly nullFrom: number } | { readonly tag: number }
  ? T | undefined
  : T;

/** Spells an intersection out, so that an editor shows fields instead of machinery. */
type Shape<T> = { [K in keyof T]: T[K] };

/** What reading gives: every field, in every version. */
export type ReadOf<F extends Fields> = {
  readonly [K in keyof F]: F[K] extends Field<infer R, infer _W, infer _O> ? R : never;
};

type OmittableNames<F extends Fields> = {
  [K in keyof F]: F[K] extends Field<infer _R, infer _W, true> ? K : never;
}[keyof F];

type Written<S> = S extends Field<infer _R, infer W, infer _O> ? W : never;

/** What writing takes. */
export type WrittenOf<F extends Fields> = Shape<
  { readonly [K in Exclude<keyof F, OmittableNames<F>>]: Written<F[K]> } & {
    readonly [K in OmittableNames<F>]?: Written<F[K]> | undefined;
  }
>;

const NO_BYTES = Buffer.alloc(0);
const NO_ELEMENTS: readonly never[] = Object.freeze([]);

type AnyOptions = Versions &
  Tagged &
  Nullable & { readonly absent?: number | string; readonly default?: unknown };

function field<Result extends FieldSchema>(
  type: WireType,
  empty: unknown,
  options: AnyOptions = {},
): Result {
  const canBeNone = options.nullFrom !== undefined || options.absent !== undefined;
  const schema: FieldSchema = {
    type,
    from: options.from ?? 0,
    to: options.to ?? Number.POSITIVE_INFINITY,
    nullFrom: options.nullFrom ?? Number.POSITIVE_INFINITY,
    tag: options.tag,
    absent: options.absent,
    missing: options.default ?? (canBeNone ? undefined : empty),
  };
  return schema as Result;
}
