import { ERROR_CODES, type ErrorCode } from "@zoolog/protocol";

/** Codes inside are Kafka's, with a number each; what has none is a failure that Kafka has no name for. */
export function kafkaErrorOf(code: string): ErrorCode {
  return Object.hasOwn(ERROR_CODES, code) ? (code as ErrorCode) : "UNKNOWN_SERVER_ERROR";
}
