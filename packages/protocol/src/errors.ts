import { ZoologError } from "@zoolog/base";
import { ERROR_CODES, type ErrorCode } from "./error-codes.ts";

/** An error with one of Kafka's names; whether it is retriable is the table's to say. */
function kafkaError(code: ErrorCode, message: string, hint: string, cause?: unknown): ZoologError {
  return new ZoologError({ code, message, hint, cause, retriable: ERROR_CODES[code].retriable });
}

/** Bytes that are not what their format demands: damaged on the way, or never a batch. */
export function corruptMessage(what: string, cause?: unknown): ZoologError {
  const hint = "The bytes are damaged or are no record batch; fetch or produce them again";
  return kafkaError("CORRUPT_MESSAGE", what, hint, cause);
}

/** More bytes than a limit of the caller allows. */
export function messageTooLarge(what: string, hint: string): ZoologError {
  return kafkaError("MESSAGE_TOO_LARGE", what, hint);
}

/** A codec that nobody knows, or that this process has not loaded or cannot load. */
export function unsupportedCompression(what: string, hint: string, cause?: unknown): ZoologError {
  return kafkaError("UNSUPPORTED_COMPRESSION_TYPE", what, hint, cause);
}

/** A message that has its form, and still cannot be taken as it is. */
export function invalidRequest(what: string, hint: string): ZoologError {
  return kafkaError("INVALID_REQUEST", what, hint);
}

/** A record that cannot be written: a value of the caller's is out of the format's range. */
export function invalidRecord(what: string): ZoologError {
  const hint = "Correct the record; sending the same one again gives the same answer";
  return kafkaError("INVALID_RECORD", what, hint);
}

/**
 * Bytes that are no message of Kafka's protocol in the version they claim. No answer carries this
 * code: Kafka has none for it, the connection is closed.
 */
export function malformedMessage(what: string): ZoologError {
  return new ZoologError({
    code: "MALFORMED_MESSAGE",
    message: `The message is malformed: ${what}`,
    hint: "The sender does not follow Kafka's protocol, or another protocol came to this port",
  });
}
