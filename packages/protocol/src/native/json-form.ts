import type { Checked } from "./check-message.ts";
import { MESSAGE_DEPTH_MAX, MESSAGE_ELEMENTS_MAX, malformed } from "./message-scan.ts";
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

/** Reads a JSON message from bytes that nobody vouches for; `checkMessage` turns base64 to bytes. */
export function decodeJsonMessage(bytes: Uint8Array): Checked<unknown> {
  const source = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const problem = measureJson(source);
  if (problem !== undefined) return { fault: malformed(problem) };
  try {
    return { value: JSON.parse(source.toString("utf8")) };
  } catch (error) {
    return { fault: malformed(`the body is not JSON: ${(error as SyntaxError).message}`) };
  }
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
/** What a byte outside a text adds to the depth and to the count of values. */
const DEPTH_CHANGE = new Int8Array(256);
const ELEMENTS_ADDED = new Uint8Array(256);
for (const opening of "[{") DEPTH_CHANGE[opening.charCodeAt(0)] = 1;
for (const closing of "]}") DEPTH_CHANGE[closing.charCodeAt(0)] = -1;
for (const before of "[{,:") ELEMENTS_ADDED[before.charCodeAt(0)] = 1;

/**
 * Bounds what `JSON.parse` will build: commas and brackets outside texts count the values. It need
 * not be exact about broken JSON, which the parser refuses anyway.
 */
function measureJson(source: Buffer): string | undefined {
  let depth = 0;
  let elements = 0;
  for (let i = 0; i < source.length; i++) {
    const byte = source[i] as number;
    if (byte === QUOTE) {
      i = endOfText(source, i);
      continue;
    }
    depth += DEPTH_CHANGE[byte] as number;
    elements += ELEMENTS_ADDED[byte] as number;
    if (depth > MESSAGE_DEPTH_MAX) return `the body is nested deeper than ${MESSAGE_DEPTH_MAX}`;
    if (elements > MESSAGE_ELEMENTS_MAX) {
      return `the body has more than ${MESSAGE_ELEMENTS_MAX} values`;
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
