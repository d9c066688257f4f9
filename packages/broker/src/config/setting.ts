/** Answer of `parse`: the value, or what is wrong with the raw one, as the end of a sentence. */
export type Parsed<T> = { readonly value: T } | { readonly fault: string };

/** One setting: how it is read, what holds without it, and why. The documentation is made of it. */
export type Setting<T> = {
  /** What a person may write, for the documentation and for error messages. */
  readonly takes: string;
  /** Absent: the setting has to be given. */
  readonly byDefault?: { readonly value: T };
  /** What it does, and the reason for its default. One or two sentences. */
  readonly about: string;
  /** Reads what a YAML file, an environment variable or a flag gives. */
  readonly parse: (raw: unknown) => Parsed<T>;
};

export type SettingValue<S> = S extends Setting<infer T> ? T : never;

export type SettingValues<Table> = { readonly [Key in keyof Table]: SettingValue<Table[Key]> };

type Described<T> = { readonly about: string; readonly byDefault?: T };

/** `logSegmentBytes` → `log.segment.bytes`: one name in code, the same name in files and flags. */
export function settingName(key: string): string {
  return key.replaceAll(/[A-Z]/g, (letter) => `.${letter.toLowerCase()}`);
}

export function integer(
  options: Described<number> & { readonly min: number; readonly max: number },
): Setting<number> {
  const takes = `integer, ${options.min} to ${options.max}`;
  return setting(takes, options, (raw) => {
    const value = toInteger(raw);
    const inRange = value !== undefined && value >= options.min && value <= options.max;
    return inRange ? { value } : { fault: `takes an ${takes}` };
  });
}

/** An integer, or −1 for "no limit", which is `undefined` inside. */
export function integerOrUnlimited(
  options: Described<number | undefined> & { readonly min: number; readonly max: number },
): Setting<number | undefined> {
  const takes = `integer, ${options.min} to ${options.max}, or -1 for no limit`;
  return setting(takes, options, (raw) => {
    const value = toInteger(raw);
    if (value === -1) return { value: undefined };
    const inRange = value !== undefined && value >= options.min && value <= options.max;
    return inRange ? { value } : { fault: `takes an ${takes}` };
  });
}

export function boolean(options: Described<boolean>): Setting<boolean> {
  return setting("true or false", options, (raw) => {
    if (raw === true || raw === "true") return { value: true };
    if (raw === false || raw === "false") return { value: false };
    return { fault: "takes true or false" };
  });
}

export function oneOf<const Choice extends string>(
  choices: readonly Choice[],
  options: Described<Choice>,
): Setting<Choice> {
  const takes = choices.map((choice) => `\`${choice}\``).join(" or ");
  return setting(takes, options, (raw) => {
    const value = choices.find((choice) => choice === raw);
    return value === undefined ? { fault: `takes ${choices.join(" or ")}` } : { value };
  });
}

export function text(options: Described<string> & { readonly takes: string }): Setting<string> {
  return setting(options.takes, options, (raw) => {
    const value = toText(raw);
    return value === undefined ? { fault: `takes ${options.takes}` } : { value };
  });
}

/** A text that may be absent. */
export function optionalText(options: {
  readonly about: string;
  readonly takes: string;
}): Setting<string | undefined> {
  const byDefault = { byDefault: { value: undefined } };
  return { ...text(options), ...byDefault };
}

function setting<T>(
  takes: string,
  options: Described<T>,
  parse: (raw: unknown) => Parsed<T>,
): Setting<T> {
  const { about } = options;
  if (!("byDefault" in options)) return { takes, about, parse };
  return { takes, about, parse, byDefault: { value: options.byDefault as T } };
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
