import { ZoologError } from "@zoolog/base";
import { ERROR_CODES, type ErrorCode } from "@zoolog/protocol";

/** Kafka's next of kin to errors of our own: those that say "later" have to say it to clients, too. */
const NEXT_OF_KIN: Readonly<Record<string, ErrorCode>> = {
  COORDINATION_UNAVAILABLE: "REQUEST_TIMED_OUT",
};

/** Codes inside are Kafka's, with a number each; what has none is a failure that Kafka has no name for. */
export function kafkaErrorOf(code: string): ErrorCode {
  if (Object.hasOwn(ERROR_CODES, code)) return code as ErrorCode;
  return NEXT_OF_KIN[code] ?? "UNKNOWN_SERVER_ERROR";
}

/** Whether clients can be told what went wrong by a name of Kafka's. */
export function hasKafkaError(code: string): boolean {
  return kafkaErrorOf(code) !== "UNKNOWN_SERVER_ERROR";
}

/**
 * Of a call that failed as a whole.
 *
 * @throws the failure itself where Kafka has no name for it, so that it is logged and the connection
 *   ends.
 */
export function kafkaErrorOfFailure(failure: unknown): ErrorCode {
  if (failure instanceof ZoologError && Object.hasOwn(ERROR_CODES, failure.code)) {
    return failure.code as ErrorCode;
  }
  throw failure;
}
