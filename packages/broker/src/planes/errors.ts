import { errorCode, ZoologError } from "@zoolog/base";
import type { HttpAddress } from "../broker-address.ts";

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

/** For the log: who does not read is not told. */
export function answerUnread(timeoutMs: number): ZoologError {
  return new ZoologError({
    code: "ANSWER_UNREAD",
    message: `nothing of an answer was taken for ${timeoutMs / 1000} s`,
    hint: "The client does not read, or its network is gone. answer.unread.timeout.ms is its time.",
  });
}

export function brokerClosing(): ZoologError {
  return new ZoologError({
    code: "BROKER_CLOSING",
    message: "the broker is shutting down",
    retriable: true,
    hint: "Ask another broker, or this one again when it is back.",
  });
}

/**
 * What the machine says of an address that cannot be bound.
 *
 * @param setting the one that another port is chosen by.
 */
export function cannotListen(
  error: unknown,
  { host, port }: HttpAddress,
  setting: string,
): unknown {
  const code = errorCode(error);
  if (code === "EADDRINUSE") {
    return new ZoologError({
      code: "ADDRESS_IN_USE",
      message: `port ${port} of ${host} is taken by another program`,
      hint: `Stop that program or choose another port by ${setting}.`,
      cause: error,
    });
  }
  if (code === "EACCES" || code === "EADDRNOTAVAIL" || code === "ENOTFOUND") {
    return new ZoologError({
      code: "ADDRESS_REFUSED",
      message: `cannot listen on ${host}:${port} (${code})`,
      hint: "Choose an address of this machine and a port above 1023.",
      cause: error,
    });
  }
  return error;
}
