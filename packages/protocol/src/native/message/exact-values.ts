import { isUtf8 } from "node:buffer";

/**
 * What a JavaScript value cannot hold as it was written. Such a message is refused: a record that
 * comes back as another one than was sent is worse than one that was not taken.
 */

/** Longer ones are beyond every double that has so many digits. */
const NUMBER_LENGTH_MAX = 400;
/** So many significant digits survive in every double. */
const SAFE_DIGITS = 15;

/** True when a number of JSON has the same value as the double it becomes: 1.0 has, 1e999 has not. */
export function isExactNumber(written: string): boolean {
  if (written.length <= SAFE_DIGITS && !/[eE]/.test(written)) return true;
  if (written.length > NUMBER_LENGTH_MAX) return false;
  const held = Number(written);
  return Number.isFinite(held) && decimalOf(written) === decimalOf(String(held));
}

/** One spelling for each decimal number: its significant digits and their exponent. */
function decimalOf(written: string): string {
  const parts = /^-?(\d*)\.?(\d*)(?:[eE]([+-]?\d+))?$/.exec(written);
  const [, whole = "", fraction = "", power = "0"] = parts ?? [];
  const digits = whole + fraction;
  let start = 0;
  let end = digits.length;
  while (start < end && digits[start] === "0") start += 1;
  while (end > start && digits[end - 1] === "0") end -= 1;
  if (start === end) return "0";
  const exponent = Number(power) - fraction.length + (digits.length - end);
  return `${digits.slice(start, end)}e${exponent}`;
}

/** In a decoded value; less than were written when one came twice in a map. */
export function countNames(value: unknown): number {
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return 0;
  if (Array.isArray(value)) {
    let count = 0;
    for (const entry of value) count += countNames(entry);
    return count;
  }
  const names = Object.keys(value);
  let count = names.length;
  for (const name of names) count += countNames((value as Record<string, unknown>)[name]);
  return count;
}

const BACKSLASH = 0x5c;
const LETTER_U = 0x75;

/** An escape of JSON that is one half of a surrogate pair without the other: UTF-8 cannot hold it. */
export function loneSurrogate(json: Buffer): string | undefined {
  const first = json.indexOf(BACKSLASH);
  for (let i = first; i !== -1 && i < json.length; i++) {
    if (json[i] !== BACKSLASH) continue;
    const half = surrogateAt(json, i);
    // Past the escape, so that the second half of `\\` begins none.
    if (half === undefined) i += 1;
    else if (half === "high" && surrogateAt(json, i + 6) === "low") i += 11;
    else return json.toString("latin1", i, i + 6);
  }
  return undefined;
}

/** `\ud800` to `\udbff` are high, `\udc00` to `\udfff` low; the fourth character tells. */
function surrogateAt(json: Buffer, at: number): "high" | "low" | undefined {
  if (json[at] !== BACKSLASH || json[at + 1] !== LETTER_U) return undefined;
  // In lower case: a bit that digits have anyway.
  const third = (json[at + 2] ?? 0) | 0x20;
  const fourth = (json[at + 3] ?? 0) | 0x20;
  if (third !== 0x64 || fourth < 0x38) return undefined;
  return fourth < 0x63 ? "high" : "low";
}

/** Most texts are short and ASCII: cheaper looked at here than by a call out of JavaScript. */
const SHORT_TEXT_BYTES = 32;

/** True for UTF-8; decoders replace what is none without a word. */
export function isText(bytes: Uint8Array, start: number, length: number): boolean {
  if (length <= SHORT_TEXT_BYTES) {
    let all = 0;
    for (let i = start; i < start + length; i++) all |= bytes[i] as number;
    if (all < 0x80) return true;
  }
  return isUtf8(bytes.subarray(start, start + length));
}
