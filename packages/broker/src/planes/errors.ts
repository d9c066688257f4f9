import { ZoologError } from "@zoolog/base";

/** The refusals that every plane makes. */

export function throttled(what: string): ZoologError {
  return new ZoologError({
    code: "THROTTLING_QUOTA_EXCEEDED",
    message: `the broker is at its limit: ${what}`,
    retriable: true,
    hint: "Wait a moment and try again.",
  });
}

/** Nobody is left to be told: this is for the log and the metrics. */
export function callerGone(): ZoologError {
  return new ZoologError({ code: "CALLER_GONE", message: "the caller hung up, or has its answer" });
}

export function brokerClosing(): ZoologError {
  return new ZoologError({
    code: "BROKER_CLOSING",
    message: "the broker is shutting down",
    retriable: true,
    hint: "Ask another broker, or this one again when it is back.",
  });
}
