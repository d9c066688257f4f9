import type { ConfigType } from "@zoolog/protocol";

/** Answer of `parse`: the value, or what is wrong with the raw one, as the end of a sentence. */
export type Parsed<T> = { readonly value: T } | { readonly fault: string };

/** One setting: how it is read, what holds without it, and why. The documentation is made of it. */
export type Setting<T> = {
  /** What a person may write, for the documentation and for error messages. */
  readonly takes: string;
  readonly type: ConfigType;
  /** Absent: the setting has to be given. */
  readonly byDefault?: { readonly value: T };
  /** What it does, and the reason for its default. One or two sentences. */
  readonly about: string;
  /** How it is changed while brokers run; absent: a broker reads it when it starts. */
  readonly dynamic?: DynamicScope;
  /** Its value is a secret. */
  readonly sensitive?: true;
  /** Items between commas, that may be appended and subtracted one by one. */
  readonly isList?: true;
  /** What stands for "no limit", which is `undefined` inside. */
  readonly unlimited?: string;
  /** Reads what a YAML file, an environment variable or a flag gives. */
  readonly parse: (raw: unknown) => Parsed<T>;
};

/**
 * - `"broker"`: for one broker, or for all that have no value of their own.
 * - `"cluster"`: for all brokers only, as they have to agree on it.
 */
export type DynamicScope = "broker" | "cluster";

export type SettingValue<S> = S extends Setting<infer T> ? T : never;

export type SettingValues<Table> = { readonly [Key in keyof Table]: SettingValue<Table[Key]> };

type Described<T> = Pick<Setting<T>, "about" | "dynamic" | "sensitive" | "isList"> & {
  readonly byDefault?: T;
};

/** `logSegmentBytes` → `log.segment.bytes`: one name in code, the same name in files and flags. */
export function settingName(key: string): string {
  return key.replaceAll(/[A-Z]/g, (letter) => `.${letter.toLowerCase()}`);
}

export function integer(
  options: Described<number> & { readonly min: number; readonly max: number },
): Setting<number> {
  const { min, max, ...described } = options;
  const takes = `integer, ${min} to ${max}`;
  return setting({ takes, type: integerType(max) }, described, (raw) => {
    const value = toInteger(raw);
    const inRange = value !== undefined && value >= min && value <= max;
    return inRange ? { value } : { fault: `takes an ${takes}` };
  });
}

/** An integer, or what stands for "no limit", which is `undefined` inside. */
export function integerOrUnlimited(
  options: Described<number | undefined> & {
    readonly min: number;
    readonly max: number;
    /** −1 unless Kafka has another number for it. */
    readonly unlimited?: string;
  },
): Setting<number | undefined> {
  const { min, max, unlimited = "-1", ...described } = options;
  const takes = `integer, ${min} to ${max}, or ${unlimited} for no limit`;
  const limited = setting<number | undefined>(
    { takes, type: integerType(max) },
    described,
    (raw) => {
      // A number of a file may be too large to be exact, and so may the one that it stands for.
      const isUnlimited = raw === unlimited || raw === Number(unlimited);
      if (isUnlimited) return { value: undefined };
      const value = toInteger(raw);
      const inRange = value !== undefined && value >= min && value <= max;
      return inRange ? { value } : { fault: `takes an ${takes}` };
    },
  );
  return { ...limited, unlimited };
}

export function boolean(options: Described<boolean>): Setting<boolean> {
  return setting({ takes: "true or false", type: "boolean" }, options, (raw) => {
    if (raw === true || raw === "true") return { value: true };
    if (raw === false || raw === "false") return { value: false };
    return { fault: "takes true or false" };
  });
}

/** @param options.lacks why others that are known from Kafka are no choices; part of the fault. */
export function oneOf<const Choice extends string>(
  choices: readonly Choice[],
  options: Described<Choice> & { readonly lacks?: string },
): Setting<Choice> {
  const takes = choices.map((choice) => `\`${choice}\``).join(" or ");
  const { lacks, ...described } = options;
  const why = lacks === undefined ? "" : ` (${lacks})`;
  return setting({ takes, type: "string" }, described, (raw) => {
    const value = choices.find((choice) => choice === raw);
    return value === undefined ? { fault: `takes ${choices.join(" or ")}${why}` } : { value };
  });
}

export function text(options: Described<string> & { readonly takes: string }): Setting<string> {
  const { takes, ...described } = options;
  return setting({ takes, type: "string" }, described, (raw) => {
    const value = toText(raw);
    return value === undefined ? { fault: `takes ${takes}` } : { value };
  });
}

/** Neither a URL nor `host:port`; an IPv6 address has two colons at least, and no brackets here. */
const HOST = /^(?:[^\s/:@,[\]]+|[0-9a-f]*:[0-9a-f]*:[0-9a-f:.]*)$/i;

/** A name or an address to listen on or to connect to. */
export function host(options: Described<string>): Setting<string> {
  const { parse, ...setting } = text({ ...options, takes: "a host name or address" });
  return {
    ...setting,
    parse: (raw) => {
      const parsed = parse(raw);
      if ("fault" in parsed || HOST.test(parsed.value)) return parsed;
      return { fault: "takes a host name or address alone, without scheme, brackets or port" };
    },
  };
}

/** A host that may be absent. */
export function optionalHost(
  options: Omit<Described<string>, "byDefault">,
): Setting<string | undefined> {
  return { ...host(options), byDefault: { value: undefined } };
}

/** A text that may be absent. */
export function optionalText(
  options: Omit<Described<string>, "byDefault"> & { readonly takes: string },
): Setting<string | undefined> {
  const byDefault = { byDefault: { value: undefined } };
  return { ...text(options), ...byDefault };
}

function setting<T>(
  form: Pick<Setting<T>, "takes" | "type">,
  options: Described<T>,
  parse: (raw: unknown) => Parsed<T>,
): Setting<T> {
  const { byDefault, ...described } = options;
  if (!("byDefault" in options)) return { ...form, ...described, parse };
  return { ...form, ...described, parse, byDefault: { value: byDefault as T } };
}

function integerType(max: number): ConfigType {
  return max > 0x7fff_ffff ? "long" : "int";
}

function toInteger(raw: unknown): number | undefined {
  if (typeof raw === "number") return Number.isSafeInteger(raw) ? raw : undefined;
  if (typeof raw !== "string" || !/^-?\d{1,16}$/.test(raw)) return undefined;
  return toInteger(Number(raw));
}

/** YAML reads `broker.rack: 7` as a number; a person meant the text. */
function toText(raw: unknown): string | undefined {
  if (typeof raw === "number") return String(raw);
  return typeof raw === "string" && raw.length > 0 ? raw : undefined;
}
