/**
 * TypeScript says what the SDK takes; JavaScript and casts hand it other things all the same. They
 * are refused where they come in, by name, and not by whatever they break further down.
 */
import { topicNameFault } from "@zoolog/base";
import { invalidOption, invalidTopicName } from "./errors.ts";

const HINT = "Its docstring says what it takes, and docs/sdk.md shows it in use.";

/** @throws ZoologError `INVALID_OPTION` */
export function requireObject(name: string, given: unknown): void {
  if (typeof given === "object" && given !== null && !Array.isArray(given)) return;
  throw invalidOption(name, `must be an object, not ${shown(given)}`, HINT);
}

/** @throws ZoologError `INVALID_OPTION` */
export function requireList(name: string, given: unknown): void {
  if (!Array.isArray(given))
    throw invalidOption(name, `must be an array, not ${shown(given)}`, HINT);
}

/** @throws ZoologError `INVALID_OPTION` */
export function requireText(name: string, given: unknown, lengthMax = Number.MAX_VALUE): void {
  if (typeof given === "string" && given !== "" && given.length <= lengthMax) return;
  const size = lengthMax === Number.MAX_VALUE ? "a text" : `a text of 1 to ${lengthMax} characters`;
  throw invalidOption(name, `must be ${size}, not ${shown(given)}`, HINT);
}

/** @throws ZoologError `INVALID_OPTION` */
export function requireFunction(name: string, given: unknown): void {
  if (typeof given === "function") return;
  throw invalidOption(name, `must be a function, not ${shown(given)}`, HINT);
}

/** @throws ZoologError `INVALID_OPTION` */
export function oneOf<T extends string>(name: string, given: T, allowed: readonly T[]): T {
  if (allowed.includes(given)) return given;
  const names = allowed.map((word) => `"${word}"`);
  const words = `${names.slice(0, -1).join(", ")} or ${names.at(-1)}`;
  throw invalidOption(name, `must be ${words}, not ${shown(given)}`, HINT);
}

/** @throws ZoologError `INVALID_OPTION` */
export function numberIn(name: string, value: number, min: number, max: number): number {
  // `Number.isFinite` is false for what is no number at all, and the comparison for NaN.
  if (typeof value === "number" && value >= min && value <= max) return value;
  throw invalidOption(name, `must be a number from ${min} to ${max}, not ${shown(value)}`, HINT);
}

/** @throws ZoologError `INVALID_OPTION` */
export function integerIn(name: string, value: number, min: number, max: number): number {
  if (Number.isSafeInteger(value) && value >= min && value <= max) return value;
  throw invalidOption(
    name,
    `must be a whole number from ${min} to ${max}, not ${shown(value)}`,
    HINT,
  );
}

/** A day, ms: what is longer is a mistake, and timers fire at once beyond 2^31 ms. */
const TIME_MS_MAX = 86_400_000;

/** @throws ZoologError `INVALID_OPTION` */
export function timeMs(name: string, value: number, min: number): number {
  return numberIn(name, value, min, TIME_MS_MAX);
}

/** @throws ZoologError `INVALID_OPTION`, `INVALID_TOPIC_EXCEPTION` */
export function requireTopicName(given: string): void {
  if (typeof given !== "string") {
    const hint = "Name it: orders.name, where orders was made with topic().";
    throw invalidOption("topic", `must be the name of a topic, not ${shown(given)}`, hint);
  }
  const fault = topicNameFault(given);
  if (fault !== undefined) throw invalidTopicName(given, fault);
}

/** @throws ZoologError `INVALID_OPTION` */
export function requireWholeNumber(name: string, given: unknown): void {
  if (Number.isSafeInteger(given) && (given as number) >= 0) return;
  throw invalidOption(name, `must be a whole number from 0, not ${shown(given)}`, HINT);
}

/** Enough to know it again, in a message of one line. */
const SHOWN_LENGTH_MAX = 60;

/** What was given, in few words. */
export function shown(given: unknown): string {
  if (typeof given === "string") return `"${given.slice(0, SHOWN_LENGTH_MAX)}"`;
  if (typeof given === "function") return "a function";
  if (Array.isArray(given)) return "an array";
  return typeof given === "object" && given !== null ? "an object" : String(given);
}
