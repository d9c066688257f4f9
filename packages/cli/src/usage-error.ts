import { topicNameFault, ZoologError } from "@zoolog/base";

/** The command line itself is wrong. */
export function usageError(message: string, hint?: string): ZoologError {
  return new ZoologError({ code: "USAGE", message, ...(hint === undefined ? {} : { hint }) });
}

/** A number of an option. @throws ZoologError `USAGE` */
export function wholeNumber(name: string, min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= min && value <= max) return value;
    throw usageError(`${name} must be a whole number from ${min} to ${max}, not "${text}"`);
  };
}

const DURATION_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/** `500ms`, `10s`, `5m`, `1h`; a bare number is seconds, as for other commands (`timeout 5`). @throws ZoologError `USAGE` */
export function duration(name: string): (text: string) => number {
  return (text) => {
    const match = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(text);
    const value = Number(match?.[1]) * (DURATION_MS[match?.[2] ?? "s"] ?? Number.NaN);
    if (Number.isFinite(value) && value > 0) return Math.ceil(value);
    throw usageError(`${name} must be a time such as 500ms, 10s or 5m, not "${text}"`);
  };
}

const BYTES: Readonly<Record<string, number>> = { k: 1_024, m: 1_048_576, g: 1_073_741_824 };

/** `4096`, `64k`, `1m`, `2g` (powers of 1024). @throws ZoologError `USAGE` */
export function byteCount(name: string): (text: string) => number {
  return (text) => {
    const match = /^(\d+(?:\.\d+)?)\s*([kmg])?(?:i?b)?$/i.exec(text);
    const unit = match?.[2] === undefined ? 1 : (BYTES[match[2].toLowerCase()] ?? Number.NaN);
    const value = Math.floor(Number(match?.[1]) * unit);
    if (Number.isSafeInteger(value)) return value;
    throw usageError(`${name} must be a size such as 4096, 64k or 1m, not "${text}"`);
  };
}

/** A topic's name as an argument. @throws ZoologError `USAGE` */
export function topicName(text: string): string {
  const fault = topicNameFault(text);
  if (fault === undefined) return text;
  throw usageError(
    `"${text}" is no topic name: ${fault}`,
    "Use letters, digits, '.', '_' and '-', at most 249 of them.",
  );
}

const GROUP_NAME_MAX = 249;

/** @throws ZoologError `USAGE` */
export function groupName(text: string): string {
  if (text !== "" && text.length <= GROUP_NAME_MAX) return text;
  throw usageError(`a group's name has 1 to ${GROUP_NAME_MAX} characters`);
}

/** What must not be empty, as of a shell variable that is not set. @throws ZoologError `USAGE` */
export function someText(name: string): (text: string) => string {
  return (text) => {
    if (text !== "") return text;
    throw usageError(`${name} must not be empty`);
  };
}

/** As the coordinator reads it. @throws ZoologError `USAGE` */
export function regularExpression(name: string): (text: string) => string {
  return (text) => {
    if (text !== "" && isRegular(text)) return text;
    throw usageError(
      `${name} must be a regular expression, not "${text}"`,
      "For instance 'orders-.*', in quotes; the whole name has to match.",
    );
  };
}

function isRegular(text: string): boolean {
  try {
    new RegExp(text, "u");
    return true;
  } catch {
    return false;
  }
}

/** Collects an option that may be given several times. */
export function several<T>(parse: (text: string) => T): (text: string, so?: T[]) => T[] {
  return (text, so = []) => [...so, parse(text)];
}

/** Reads a few of some names, separated by commas, in the order given. */
export function someOf<const Names extends readonly string[]>(
  name: string,
  names: Names,
): (text: string) => Names[number][] {
  const read = oneOf(name, names);
  return (text) => text.split(",").map((part) => read(part.trim()));
}

/** Reads one of a few names, and tells which there are: completion offers them. */
export function oneOf<const Names extends readonly string[]>(
  name: string,
  names: Names,
): ((text: string) => Names[number]) & { readonly names: Names } {
  const read = (text: string): Names[number] => {
    if (names.includes(text)) return text;
    throw usageError(`${name} must be one of ${names.join(", ")}, not "${text}"`);
  };
  return Object.assign(read, { names });
}
