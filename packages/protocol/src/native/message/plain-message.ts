import { MESSAGE_DEPTH_MAX, MESSAGE_ELEMENTS_MAX } from "./message-scan.ts";

/** In place of a value: the message is none of the plain ones. */
export const NOT_PLAIN = Symbol("not plain");

/** Longer texts are decoded by a call out of JavaScript, which is worth it for them. */
const REMEMBERED_LENGTH_MAX = 32;

/**
 * Field names, codes and most topic names, a power of two of them; whoever sends others only replaces
 * what is there.
 */
const REMEMBERED_TEXTS = 2_048;

/**
 * Reads and builds in one walk what our own messages are made of: null, booleans, integers, ASCII
 * texts, bins, lists and maps. Of everything else, and of all that may have to be refused, it says
 * `NOT_PLAIN` and leaves the judgement to the scan and the decoder that know all of msgpack: it
 * never answers another value than they do.
 */
export function readPlainMessage(bytes: Uint8Array, elementsMax = MESSAGE_ELEMENTS_MAX): unknown {
  return reader.read(bytes, elementsMax);
}

const NO_BYTES = new Uint8Array(0);

class PlainReader {
  readonly #texts: string[] = new Array<string>(REMEMBERED_TEXTS).fill("");
  #bytes: Uint8Array = NO_BYTES;
  #at = 0;
  #elementsLeft = 0;

  read(bytes: Uint8Array, elementsMax: number): unknown {
    this.#bytes = bytes;
    this.#at = 0;
    this.#elementsLeft = elementsMax;
    const value = this.#value(0);
    const isWhole = this.#at === bytes.length;
    this.#bytes = NO_BYTES;
    return isWhole ? value : NOT_PLAIN;
  }

  #value(depth: number): unknown {
    if (--this.#elementsLeft < 0) return NOT_PLAIN;
    const first = this.#bytes[this.#at++];
    if (first === undefined) return NOT_PLAIN;
    if (first <= 0x7f) return first;
    if (first >= 0xe0) return first - 0x100;
    if (first <= 0x8f) return this.#map(first & 0x0f, depth + 1);
    if (first <= 0x9f) return this.#list(first & 0x0f, depth + 1);
    if (first <= 0xbf) return this.#text(first & 0x1f);
    return this.#longer(first, depth);
  }

  #longer(first: number, depth: number): unknown {
    switch (first) {
      case 0xc0:
        return null;
      case 0xc2:
        return false;
      case 0xc3:
        return true;
      case 0xc4:
      case 0xc5:
      case 0xc6:
        return this.#bin(this.#unsigned(1 << (first - 0xc4)));
      case 0xcc:
      case 0xcd:
      case 0xce:
        return this.#number(this.#unsigned(1 << (first - 0xcc)));
      case 0xcf:
        return this.#wide();
      case 0xd9:
      case 0xda:
      case 0xdb:
        return this.#text(this.#unsigned(1 << (first - 0xd9)));
      case 0xdc:
      case 0xdd:
        return this.#list(this.#unsigned(first === 0xdc ? 2 : 4), depth + 1);
      case 0xde:
      case 0xdf:
        return this.#map(this.#unsigned(first === 0xde ? 2 : 4), depth + 1);
      default:
        return NOT_PLAIN;
    }
  }

  #map(size: number, depth: number): unknown {
    if (!this.#fits(2 * size, depth)) return NOT_PLAIN;
    const map: Record<string, unknown> = {};
    for (let i = 0; i < size; i++) {
      const name = this.#name();
      if (name === undefined || Object.hasOwn(map, name)) return NOT_PLAIN;
      const value = this.#value(depth);
      if (value === NOT_PLAIN) return NOT_PLAIN;
      map[name] = value;
    }
    return map;
  }

  #list(size: number, depth: number): unknown {
    if (!this.#fits(size, depth)) return NOT_PLAIN;
    const list: unknown[] = [];
    for (let i = 0; i < size; i++) {
      const value = this.#value(depth);
      if (value === NOT_PLAIN) return NOT_PLAIN;
      list.push(value);
    }
    return list;
  }

  /** Each name and each value takes a byte at least: a size above that is a lie. */
  #fits(size: number, depth: number): boolean {
    return depth <= MESSAGE_DEPTH_MAX && size <= this.#bytes.length - this.#at;
  }

  #name(): string | undefined {
    if (--this.#elementsLeft < 0) return undefined;
    const first = this.#bytes[this.#at++];
    if (first === undefined || first < 0xa0 || first > 0xbf) return undefined;
    const name = this.#text(first & 0x1f);
    return typeof name === "string" && name !== "__proto__" ? name : undefined;
  }

  #text(length: number): unknown {
    const bytes = this.#bytes;
    const start = this.#at;
    const end = start + length;
    if (!(end <= bytes.length)) return NOT_PLAIN;
    if (length > REMEMBERED_LENGTH_MAX || length === 0) return this.#newText(start, end);
    const place = placeOf(bytes, start, length);
    const newer = this.#texts[place] as string;
    const older = this.#texts[place + 1] as string;
    const isNewer = isSpelled(newer, bytes, start, length);
    if (isNewer || isSpelled(older, bytes, start, length)) {
      this.#at = end;
      return isNewer ? newer : older;
    }
    const text = this.#newText(start, end);
    if (typeof text === "string") {
      this.#texts[place + 1] = newer;
      this.#texts[place] = text;
    }
    return text;
  }

  #newText(start: number, end: number): unknown {
    const bytes = this.#bytes;
    for (let i = start; i < end; i++) if ((bytes[i] as number) > 0x7f) return NOT_PLAIN;
    this.#at = end;
    return asciiOf(bytes, start, end);
  }

  #bin(length: number): unknown {
    const start = this.#at;
    const end = start + length;
    if (!(end <= this.#bytes.length)) return NOT_PLAIN;
    this.#at = end;
    return this.#bytes.subarray(start, end);
  }

  /** NaN where the bytes end before: no comparison with it holds. */
  #unsigned(width: number): number {
    if (width > this.#bytes.length - this.#at) return Number.NaN;
    let value = 0;
    for (let i = 0; i < width; i++) value = value * 256 + (this.#bytes[this.#at++] as number);
    return value;
  }

  #wide(): unknown {
    const high = this.#unsigned(4);
    return this.#number(high * 2 ** 32 + this.#unsigned(4));
  }

  #number(value: number): unknown {
    return Number.isSafeInteger(value) ? value : NOT_PLAIN;
  }
}

/**
 * The first of two places. Five of its letters tell most short texts apart, and two texts that busy
 * messages both have (`minBytes`, `maxBytes`) must not take turns; which one it is, `isSpelled` says.
 */
function placeOf(bytes: Uint8Array, start: number, length: number): number {
  const last = start + length - 1;
  let hash = length * 31 + (bytes[start] as number);
  hash = hash * 31 + (bytes[Math.min(start + 1, last)] as number);
  hash = hash * 31 + (bytes[start + (length >> 1)] as number);
  hash = hash * 31 + (bytes[Math.max(last - 1, start)] as number);
  hash = hash * 31 + (bytes[last] as number);
  return (hash ^ (hash >>> 10)) & (REMEMBERED_TEXTS - 2);
}

function isSpelled(text: string, bytes: Uint8Array, start: number, length: number): boolean {
  if (text.length !== length) return false;
  for (let i = 0; i < length; i++) if (text.charCodeAt(i) !== bytes[start + i]) return false;
  return true;
}

function asciiOf(bytes: Uint8Array, start: number, end: number): string {
  const whole = Buffer.isBuffer(bytes)
    ? bytes
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return whole.toString("latin1", start, end);
}

/** One for all messages: it reads in one go and keeps nothing but short texts. */
const reader = new PlainReader();
