import type { Checked } from "./check-message.ts";
import { countNames, isExactNumber, isText, loneSurrogate } from "./exact-values.ts";
import {
  MESSAGE_DEPTH_MAX,
  MESSAGE_ELEMENTS_MAX,
  malformed,
  type ScanFault,
} from "./message-scan.ts";
import { ChunkedBytes } from "./message-writer.ts";

/** The JSON form of a message: the same fields, bytes as base64 text (RFC 4648 §4). */
export function encodeJsonMessage(message: unknown): string {
  return JSON.stringify(message, function (this: Record<string, unknown>, key) {
    // Buffers turn themselves into a list of numbers before a replacer sees them.
    return bytesAsBase64(this[key]);
  });
}

function bytesAsBase64(value: unknown): unknown {
  if (value instanceof ChunkedBytes) return Buffer.concat(value.chunks).toString("base64");
  if (!(value instanceof Uint8Array)) return value;
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("base64");
}

/**
 * Reads a JSON message from bytes that nobody vouches for; `checkMessage` turns base64 to bytes.
 * Whatever would not arrive as it was written is refused: bytes that are no UTF-8, half a surrogate
 * pair, numbers that a double cannot hold, a name that comes twice in one map.
 */
export function decodeJsonMessage(bytes: Uint8Array): Checked<unknown> {
  const source = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (!isText(source, 0, source.length)) {
    return { fault: malformed("the body is not UTF-8", 'Send other bytes as {"base64": …}.') };
  }
  const measured = measureJson(source);
  if (typeof measured !== "number") return { fault: measured };
  const half = loneSurrogate(source);
  if (half !== undefined) {
    const what = `${half} in a text is half of a surrogate pair`;
    return { fault: malformed(what, "UTF-8 has no bytes for it; write both halves, or none.") };
  }
  let value: unknown;
  try {
    value = JSON.parse(source.toString("utf8"));
  } catch (error) {
    return { fault: malformed(`the body is not JSON: ${(error as SyntaxError).message}`) };
  }
  if (countNames(value) === measured) return { value };
  const name = JSON.stringify(repeatedName(source)?.slice(0, 60) ?? "");
  const hint = "Only one of the two could be kept; headers with one name are written as a list.";
  return { fault: malformed(`the name ${name} comes twice in one map`, hint) };
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPENING_BRACE = 0x7b;
/** What a byte outside a text adds to the depth and to the count of values. */
const DEPTH_CHANGE = new Int8Array(256);
const ELEMENTS_ADDED = new Uint8Array(256);
for (const opening of "[{") DEPTH_CHANGE[opening.charCodeAt(0)] = 1;
for (const closing of "]}") DEPTH_CHANGE[closing.charCodeAt(0)] = -1;
for (const before of "[{,:") ELEMENTS_ADDED[before.charCodeAt(0)] = 1;

const COLON = 0x3a;
/** `1e999` is the shortest number that a double cannot hold. */
const INEXACT_LENGTH_MIN = 5;
/** What a number may begin with, and what it goes on with. */
const BEGINS_NUMBER = new Uint8Array(256);
const CONTINUES_NUMBER = new Uint8Array(256);
for (const beginning of "-0123456789") BEGINS_NUMBER[beginning.charCodeAt(0)] = 1;
for (const continuing of "-+.eE0123456789") CONTINUES_NUMBER[continuing.charCodeAt(0)] = 1;

/**
 * Bounds what `JSON.parse` will build: commas and brackets outside texts count the values. It need
 * not be exact about broken JSON, which the parser refuses anyway.
 *
 * @returns the names in all maps, or why the body is refused.
 */
function measureJson(source: Buffer): number | ScanFault {
  let depth = 0;
  let elements = 0;
  let names = 0;
  for (let i = 0; i < source.length; i++) {
    const byte = source[i] as number;
    if (byte === QUOTE) {
      i = endOfText(source, i);
      continue;
    }
    if (BEGINS_NUMBER[byte] === 1) {
      const end = endOfNumber(source, i);
      const isLong = end - i >= INEXACT_LENGTH_MIN;
      const written = isLong ? source.toString("latin1", i, end) : "";
      if (isLong && !isExactNumber(written)) return inexactNumber(written);
      i = end - 1;
      continue;
    }
    if (byte === COLON) names += 1;
    depth += DEPTH_CHANGE[byte] as number;
    elements += ELEMENTS_ADDED[byte] as number;
    if (depth > MESSAGE_DEPTH_MAX) {
      return malformed(`the body is nested deeper than ${MESSAGE_DEPTH_MAX}`);
    }
    if (elements > MESSAGE_ELEMENTS_MAX) {
      return malformed(`the body has more than ${MESSAGE_ELEMENTS_MAX} values`);
    }
  }
  return names;
}

function inexactNumber(written: string): ScanFault {
  const shown = written.length > 40 ? `${written.slice(0, 40)}…` : written;
  return malformed(
    `the number ${shown} would not be kept as it is`,
    "Numbers have at most 17 digits and are at most 1.7e308; write longer ones as a text.",
  );
}

function endOfNumber(source: Buffer, start: number): number {
  let end = start + 1;
  while (end < source.length && CONTINUES_NUMBER[source[end] as number] === 1) end += 1;
  return end;
}

/** Which it was, for the message: slower than counting, so only asked when there is one. */
function repeatedName(source: Buffer): string | undefined {
  const maps: (Set<string> | undefined)[] = [];
  let text = "";
  for (let i = 0; i < source.length; i++) {
    const byte = source[i] as number;
    if (byte === QUOTE) {
      const end = endOfText(source, i);
      text = source.toString("utf8", i, end + 1);
      i = end;
    } else if (byte === COLON) {
      const name = JSON.parse(text) as string;
      if (maps.at(-1)?.has(name) === true) return name;
      maps.at(-1)?.add(name);
    } else if (DEPTH_CHANGE[byte] === 1) {
      maps.push(byte === OPENING_BRACE ? new Set() : undefined);
    } else if (DEPTH_CHANGE[byte] === -1) {
      maps.pop();
    }
  }
  return undefined;
}

/** Index of the quote that ends the text starting at `start`, or the end of the source. */
function endOfText(source: Buffer, start: number): number {
  let end = start;
  for (;;) {
    end = source.indexOf(QUOTE, end + 1);
    if (end === -1) return source.length;
    let backslashes = 0;
    while (source[end - 1 - backslashes] === BACKSLASH) backslashes += 1;
    if (backslashes % 2 === 0) return end;
  }
}
