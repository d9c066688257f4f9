/** Why a call did not come back with an answer. The rest is what brokers answer. */
import { errorMessage, ZoologError } from "@zoolog/base";

/** The connection failed or broke. Whether the broker did what was asked is not known. */
export function connectionFailed(endpoint: string, cause: unknown): ZoologError {
  return new ZoologError({
    code: "NETWORK_EXCEPTION",
    message: `the connection to ${endpoint} failed: ${connectionFault(cause)}`,
    retriable: true,
    hint: "Is the broker running, and reachable from here?",
    cause,
  });
}

/** Nothing listened: the request cannot have reached the broker. */
export function connectionRefused(endpoint: string, cause: unknown): ZoologError {
  return new ZoologError({
    code: "CONNECTION_REFUSED",
    message: `cannot connect to ${endpoint}: ${connectionFault(cause)}`,
    retriable: true,
    hint: "Is the broker running, and reachable from here?",
    cause,
  });
}

/** Node reports several tried addresses as one error whose own message is empty. */
function connectionFault(cause: unknown): string {
  if (cause instanceof AggregateError) return cause.errors.map(errorMessage).join("; ");
  return errorMessage(cause);
}

export function requestTimedOut(endpoint: string, call: string, timeoutMs: number): ZoologError {
  return new ZoologError({
    code: "REQUEST_TIMED_OUT",
    message: `${endpoint} did not answer ${call} within ${timeoutMs} ms`,
    retriable: true,
    hint: "The broker is slow or unreachable; raise requestTimeoutMs when it is only slow.",
  });
}

/** An answer that is no answer of the native plane: cut short, another server, another version. */
export function invalidResponse(endpoint: string, call: string, why: string): ZoologError {
  return new ZoologError({
    code: "INVALID_RESPONSE",
    message: `the answer of ${endpoint} to ${call} cannot be read: ${why}`,
    retriable: true,
    hint: "Is this address a Zoolog broker, and not something in front of it?",
  });
}

/** Calls after, or under way at, the end of whoever made the transport. */
export function transportClosed(owner: string): ZoologError {
  return new ZoologError({
    code: "CLOSED",
    message: `the ${owner} is closed`,
    hint: `Make a new ${owner}.`,
  });
}
