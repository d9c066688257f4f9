import { ZoologError } from "@zoolog/base";
import { ERROR_CODES, type ErrorCode } from "@zoolog/protocol";

/** Kafka's next of kin to errors of our own: those that say "later" have to say it to clients, too. */
const NEXT_OF_KIN: Readonly<Record<string, ErrorCode>> = {
  COORDINATION_UNAVAILABLE: "REQUEST_TIMED_OUT",
};

/** Codes inside are Kafka's, with a number each; what has none is a failure that Kafka has no name for. */
export function kafkaErrorOf(code: string): ErrorCode {
  if (Object.hasOwn(ERROR_CODES, code)) return code as ErrorCode;
  return NEXT_OF_KIN[code] ?? UNNAMED;
}

/** An error that came with a version, and what was said before. */
export type NewerError = {
  readonly code: ErrorCode;
  readonly from: number;
  readonly before: ErrorCode;
};

/** What clients of an older version are told in words that they know. */
export function kafkaErrorIn(apiVersion: number, code: string, newer: NewerError): ErrorCode {
  const known = kafkaErrorOf(code);
  return known === newer.code && apiVersion < newer.from ? newer.before : known;
}

/**
 * Of a call that failed as a whole.
 *
 * @throws the failure itself where Kafka has no name for it, so that it is logged and the connection
 *   ends.
 */
export function kafkaErrorOfFailure(failure: unknown): ErrorCode {
  const code = failure instanceof ZoologError ? kafkaErrorOf(failure.code) : UNNAMED;
  if (code === UNNAMED) throw failure;
  return code;
}

const UNNAMED = "UNKNOWN_SERVER_ERROR";
