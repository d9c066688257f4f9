import { type BrokerId, brokerId } from "@zoolog/base";
import { malformed } from "../errors.ts";

const decoder = new TextDecoder("utf-8", { fatal: true });
const encoder = new TextEncoder();

export function encodeJson(value: unknown): Uint8Array {
  return encoder.encode(JSON.stringify(value));
}

export function encodeText(text: string): Uint8Array {
  return encoder.encode(text);
}

/** @throws ZoologError `ZNODE_MALFORMED` when it is not UTF-8. */
export function decodeText(path: string, data: Uint8Array): string {
  try {
    return decoder.decode(data);
  } catch {
    throw malformed(path, "is not text");
  }
}

/** Kafka's: broker ids are int32. */
export const BROKER_ID_MAX = 2 ** 31 - 1;

/**
 * One JSON object of one znode, read with suspicion: people edit znodes by hand. Each accessor
 * throws `ZNODE_MALFORMED` naming the znode and the field; unknown fields are never looked at.
 */
export class ZnodeObject {
  readonly path: string;
  readonly #fields: ReadonlyMap<string, unknown>;

  private constructor(path: string, fields: ReadonlyMap<string, unknown>) {
    this.path = path;
    this.#fields = fields;
  }

  static decode(path: string, data: Uint8Array): ZnodeObject {
    let value: unknown;
    try {
      value = JSON.parse(decodeText(path, data));
    } catch {
      throw malformed(path, "is not JSON");
    }
    return ZnodeObject.of(path, value, "the content");
  }

  static of(path: string, value: unknown, what: string): ZnodeObject {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      throw malformed(path, `${what} is ${kindOf(value)}, not an object`);
    }
    return new ZnodeObject(path, new Map(Object.entries(value)));
  }

  has(name: string): boolean {
    return this.#fields.get(name) !== undefined && this.#fields.get(name) !== null;
  }

  integer(name: string, range: { readonly min: number; readonly max?: number }): number {
    return asInteger(this.path, this.#fields.get(name), name, range);
  }

  text(name: string): string {
    const value = this.#fields.get(name);
    if (typeof value !== "string") throw this.#wrong(name, value, "text");
    return value;
  }

  flag(name: string): boolean {
    const value = this.#fields.get(name);
    if (typeof value !== "boolean") throw this.#wrong(name, value, "true or false");
    return value;
  }

  optionalText(name: string): string | undefined {
    return this.has(name) ? this.text(name) : undefined;
  }

  /** An integer written as text, as Kafka does with 64-bit numbers. */
  integerText(name: string): number {
    const text = this.text(name);
    const value = /^-?[0-9]{1,16}$/.test(text) ? Number(text) : Number.NaN;
    return asInteger(this.path, value, name, { min: -1 });
  }

  object(name: string): ZnodeObject {
    return ZnodeObject.of(this.path, this.#fields.get(name), name);
  }

  array(name: string): readonly unknown[] {
    const value = this.#fields.get(name);
    if (!Array.isArray(value)) throw this.#wrong(name, value, "an array");
    return value;
  }

  integers(
    name: string,
    range: { readonly min: number; readonly max?: number },
  ): readonly number[] {
    return this.array(name).map((item) => asInteger(this.path, item, name, range));
  }

  /** Broker ids, none of them twice. */
  brokerIds(name: string): readonly BrokerId[] {
    return asBrokerIds(this.path, this.array(name), name);
  }

  entries(): readonly (readonly [string, unknown])[] {
    return [...this.#fields];
  }

  /** All fields, each of which must be text. */
  texts(): Readonly<Record<string, string>> {
    return Object.fromEntries(this.entries().map(([name]) => [name, this.text(name)]));
  }

  #wrong(name: string, value: unknown, wanted: string): Error {
    return malformed(this.path, `${name} is ${kindOf(value)}, not ${wanted}`);
  }
}

export function asInteger(
  path: string,
  value: unknown,
  what: string,
  { min, max = Number.MAX_SAFE_INTEGER }: { readonly min: number; readonly max?: number },
): number {
  if (typeof value !== "number" || !Number.isSafeInteger(value)) {
    throw malformed(path, `${what} is ${kindOf(value)}, not an integer`);
  }
  if (value < min || value > max) throw malformed(path, `${what} is out of range: ${value}`);
  return value;
}

export function asBrokerIds(
  path: string,
  values: readonly unknown[],
  what: string,
): readonly BrokerId[] {
  const ids = values.map((value) => asInteger(path, value, what, { min: 0, max: BROKER_ID_MAX }));
  if (new Set(ids).size !== ids.length) throw malformed(path, `${what} names a broker twice`);
  return ids.map(brokerId);
}

function kindOf(value: unknown): string {
  if (value === undefined) return "missing";
  if (value === null) return "null";
  if (Array.isArray(value)) return "an array";
  if (typeof value === "object") return "an object";
  const text = JSON.stringify(value);
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}
