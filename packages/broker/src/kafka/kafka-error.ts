import { ZoologError } from "@zoolog/base";
import { ERROR_CODES, type ErrorCode } from "@zoolog/protocol";

/** Codes inside are Kafka's, with a number each; what has none is a failure that Kafka has no name for. */
export function kafkaErrorOf(code: string): ErrorCode {
  return Object.hasOwn(ERROR_CODES, code) ? (code as ErrorCode) : "UNKNOWN_SERVER_ERROR";
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
