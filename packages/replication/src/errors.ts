import { ZoologError } from "@zoolog/base";

/** Whole calls that are refused. What is refused of one partition is a `ReplicaError`. */

export function tooManyAppendsWait(): ZoologError {
  return new ZoologError({
    code: "THROTTLING_QUOTA_EXCEEDED",
    message: "the broker is at its limit: too many appends wait for others",
    retriable: true,
    hint: "Wait a moment and try again.",
  });
}
