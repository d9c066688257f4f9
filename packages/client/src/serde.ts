import { Packr } from "msgpackr";
import { shown } from "./arguments.ts";
import { invalidOption } from "./errors.ts";

/** How values of one type become bytes and are read back. Stateless; one serves many topics. */
export interface Serde<T> {
  /** For messages: `"json"`. */
  readonly name: string;
  /** Bytes; a string is stored as UTF-8, without a buffer in between. Throws when it cannot. */
  serialize(value: T): Uint8Array | string;
  /** `bytes` are a view: copy what must outlive the record's batch. Throws when it cannot. */
  deserialize(bytes: Uint8Array): T;
}

/** The serdes that come with the SDK. Any object with the shape of `Serde` is one, too. */
export const serde = {
  /** UTF-8 text. Bytes that are not UTF-8 are refused, never replaced. */
  string: (): Serde<string> => stringSerde,
  /** Bytes as they are. */
  bytes: (): Serde<Uint8Array> => bytesSerde,
  /** JSON text. The type is a promise of the caller: nothing is validated. */
  json: <T>(): Serde<T> => jsonSerde as Serde<T>,
  /**
   * msgpack: smaller than JSON, and holds bytes, dates (as its timestamps) and 64-bit integers,
   * which come back as numbers where a number holds them and as bigints otherwise. Any msgpack
   * library reads it. Bytes inside a value are views, and -0 comes back as 0. The type is a promise
   * of the caller.
   */
  msgpack: <T>(): Serde<T> => msgpackSerde as Serde<T>,
  /** Any pair of functions, for instance a validator around another serde. */
  custom: <T>(functions: {
    readonly name?: string;
    readonly serialize: (value: T) => Uint8Array | string;
    readonly deserialize: (bytes: Uint8Array) => T;
  }): Serde<T> => {
    const made = { name: "custom", ...functions };
    requireSerde("functions", made);
    return made;
  },
} as const;

const stringSerde: Serde<string> = {
  name: "string",
  serialize: (value) => {
    if (typeof value !== "string") throw new TypeError(`expected a string, got ${typeof value}`);
    return value;
  },
  deserialize: textOf,
};

const bytesSerde: Serde<Uint8Array> = {
  name: "bytes",
  serialize: (value) => {
    if (!(value instanceof Uint8Array)) {
      throw new TypeError(`expected a Uint8Array, got ${typeof value}`);
    }
    return value;
  },
  deserialize: (bytes) => bytes,
};

const jsonSerde: Serde<unknown> = {
  name: "json",
  serialize: (value) => {
    const text = JSON.stringify(value);
    if (text === undefined) throw new TypeError(`${typeof value} has no JSON form`);
    return text;
  },
  deserialize: (bytes) => JSON.parse(textOf(bytes)),
};

/** Plain maps, nothing of msgpackr's own that other libraries could not read. */
const packr = new Packr({
  useRecords: false,
  mapsAsObjects: true,
  // Documented by msgpackr and not in its types: a number where that is exact, else a bigint.
  int64AsType: "auto" as "number",
});

const msgpackSerde: Serde<unknown> = {
  name: "msgpack",
  serialize: (value) => {
    const unfit = value === undefined || typeof value === "function" || typeof value === "symbol";
    if (unfit) throw new TypeError(`${typeof value} has no msgpack form`);
    return packr.pack(value);
  },
  deserialize: (bytes) => packr.unpack(bytes),
};

const REPLACEMENT = "\ufffd";
const strictDecoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * The text of UTF-8 bytes. Node's decoder replaces what is invalid; only a text that contains the
 * replacement character is worth the slow, strict decoder, which throws when it was not written so.
 */
function textOf(bytes: Uint8Array): string {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8");
  return text.includes(REPLACEMENT) ? strictDecoder.decode(bytes) : text;
}

/** @throws ZoologError `INVALID_OPTION` */
export function requireSerde(name: string, given: unknown): void {
  if (isSerde(given)) return;
  const hint = "Use serde.string(), serde.json(), serde.bytes(), …, or serde.custom({ … }).";
  throw invalidOption(name, `must be a serde, not ${shown(given)}`, hint);
}

export function isSerde(given: unknown): given is Serde<unknown> {
  if (typeof given !== "object" || given === null) return false;
  const { deserialize, serialize } = given as Partial<Serde<unknown>>;
  return typeof serialize === "function" && typeof deserialize === "function";
}
