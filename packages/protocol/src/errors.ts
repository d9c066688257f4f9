import { ZoologError } from "@zoolog/base";

/** Bytes that are not what their format demands. Reading them again gives the same answer. */
export function corruptMessage(what: string, cause?: unknown): ZoologError {
  return new ZoologError({
    code: "CORRUPT_MESSAGE",
    message: what,
    hint: "The bytes were damaged or were not written as a record batch; fetch or produce them again",
    cause,
  });
}

/** More bytes than a limit of the caller allows. */
export function messageTooLarge(what: string, hint: string): ZoologError {
  return new ZoologError({ code: "MESSAGE_TOO_LARGE", message: what, hint });
}

/** A codec that nobody knows, or that this process has not loaded or cannot load. */
export function unsupportedCompression(what: string, hint: string, cause?: unknown): ZoologError {
  return new ZoologError({
    code: "UNSUPPORTED_COMPRESSION_TYPE",
    message: what,
    hint,
    cause,
  });
}

/** A record that cannot be written: the caller's value is out of the format's range. */
export function invalidRecord(what: string): ZoologError {
  return new ZoologError({
    code: "INVALID_RECORD",
    message: what,
    hint: "Correct the record; sending the same one again gives the same answer",
  });
}
