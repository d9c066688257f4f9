/**
 * The one grammar for "where to read" that the command line, the console and the SDK share.
 *
 * ```
 * offsets = point [ ":" [ point ] ]      from the first point up to, not including, the second
 *         | ":" point                    from the start
 * point   = "start" | "end"              log start offset, high watermark
 *         | N                            this offset
 *         | "+" N | "-" N                N records after the start, N records before the end
 *         | "@" time                     the first record whose timestamp is not before the time
 * time    = milliseconds since 1970      "@1767225600000"
 *         | ISO 8601 date or time        "@2026-01-31", "@2026-01-31T10:00Z"; without zone: UTC
 *         | "-" duration                 "@-1h", "@-90s", "@-1d12h": so long ago
 * ```
 */
import { invalidOffsets } from "./errors.ts";

export type OffsetPoint =
  | { readonly at: "start" }
  | { readonly at: "end" }
  | { readonly at: "offset"; readonly offset: number }
  | { readonly at: "afterStart"; readonly records: number }
  | { readonly at: "beforeEnd"; readonly records: number }
  | { readonly at: "time"; readonly timestamp: number }
  | { readonly at: "ago"; readonly durationMs: number };

export type OffsetRange = {
  readonly from: OffsetPoint;
  /** Exclusive. Without it: to the end, or for ever when following. */
  readonly to?: OffsetPoint;
};

/** @throws ZoologError `INVALID_OFFSETS` */
export function parseOffsets(text: string): OffsetRange {
  if (typeof text !== "string") throw invalidOffsets(String(text), "it is no text");
  const scanner = new Scanner(text);
  if (scanner.take(/:/y) !== undefined) {
    const to = scanner.point();
    scanner.expectEnd();
    return { from: { at: "start" }, to };
  }
  const from = scanner.point();
  if (scanner.take(/:/y) === undefined || scanner.ended) {
    scanner.expectEnd();
    return { from };
  }
  const to = scanner.point();
  scanner.expectEnd();
  if (endsBeforeItBegins(from, to)) throw invalidOffsets(text, "it ends before it begins");
  return { from, to };
}

/** Where that can be told without looking at the log: nobody means a range without records. */
function endsBeforeItBegins(from: OffsetPoint, to: OffsetPoint): boolean {
  if (to.at === "start") return from.at !== "start";
  if (from.at === "end") return to.at === "beforeEnd" || to.at === "ago";
  if (from.at === "offset" && to.at === "offset") return from.offset > to.offset;
  if (from.at === "afterStart" && to.at === "afterStart") return from.records > to.records;
  if (from.at === "beforeEnd" && to.at === "beforeEnd") return from.records < to.records;
  if (from.at === "time" && to.at === "time") return from.timestamp > to.timestamp;
  return from.at === "ago" && to.at === "ago" && from.durationMs < to.durationMs;
}

const MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const;
const ISO =
  /(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?))?(Z|[+-]\d{2}:?\d{2})?/y;
const DURATION = /(?:\d+(?:ms|[smhdw]))+/y;
/** The largest time that a JavaScript Date can hold. */
const TIMESTAMP_MAX = 8.64e15;

class Scanner {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get ended(): boolean {
    return this.#at === this.#text.length;
  }

  take(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text);
    if (match === null) return undefined;
    this.#at += match[0].length;
    return match;
  }

  point(): OffsetPoint {
    if (this.take(/start|earliest|beginning/y) !== undefined) return { at: "start" };
    if (this.take(/end|latest/y) !== undefined) return { at: "end" };
    if (this.take(/@/y) !== undefined) return this.#time();
    const number = this.take(/([+-]?)(\d+)/y);
    if (number === undefined) throw this.#fault(`"${this.#rest()}" is no offset`);
    const records = this.#integer(number[2] ?? "");
    if (number[1] === "+") return { at: "afterStart", records };
    if (number[1] === "-") return { at: "beforeEnd", records };
    return { at: "offset", offset: records };
  }

  expectEnd(): void {
    if (!this.ended) throw this.#fault(`"${this.#rest()}" is left over`);
  }

  #time(): OffsetPoint {
    if (this.take(/-/y) !== undefined) {
      const duration = this.take(DURATION);
      if (duration === undefined) throw this.#fault(`"${this.#rest()}" is no duration`);
      return { at: "ago", durationMs: this.#duration(duration[0]) };
    }
    const iso = this.take(ISO);
    if (iso !== undefined) return { at: "time", timestamp: this.#iso(iso) };
    const number = this.take(/\d+/y);
    if (number === undefined) throw this.#fault(`"${this.#rest()}" is no time`);
    const timestamp = this.#integer(number[0]);
    if (timestamp > TIMESTAMP_MAX) throw this.#fault(`${number[0]} is beyond the end of time`);
    return { at: "time", timestamp };
  }

  #iso(match: RegExpExecArray): number {
    const [, day = "", clock = "00:00", zone = "Z"] = match;
    const at = Date.parse(`${day}T${clock}${zone.replace(/^([+-]\d{2})(\d{2})$/, "$1:$2")}`);
    if (!Number.isFinite(at) || !isCalendarDay(day)) throw this.#fault(`no such time: ${match[0]}`);
    if (at < 0) throw this.#fault("times before 1970 do not exist here");
    return at;
  }

  #duration(text: string): number {
    let totalMs = 0;
    for (const [, count = "", unit] of text.matchAll(/(\d+)(ms|[smhdw])/g)) {
      totalMs += this.#integer(count) * MS[unit as keyof typeof MS];
    }
    if (totalMs > TIMESTAMP_MAX) throw this.#fault(`${text} is too long ago`);
    return totalMs;
  }

  #integer(digits: string): number {
    const value = Number(digits);
    if (!Number.isSafeInteger(value)) throw this.#fault(`${digits} is too large`);
    return value;
  }

  #rest(): string {
    return this.#text.slice(this.#at);
  }

  #fault(why: string): Error {
    return invalidOffsets(this.#text, why);
  }
}

/** `Date.parse` takes 30 February for 2 March. */
function isCalendarDay(day: string): boolean {
  const at = Date.parse(`${day}T00:00Z`);
  return Number.isFinite(at) && new Date(at).toISOString().startsWith(day);
}
