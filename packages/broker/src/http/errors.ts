import { ZoologError } from "@zoolog/base";
import {
  ERROR_CODES,
  type ErrorCodeEntry,
  type ItemError,
  type MessageFault,
} from "@zoolog/protocol";

/** The refusals that this plane itself makes. Their status is in `error-mapping.ts`. */

export function refusedMessage(fault: MessageFault): ZoologError {
  return new ZoologError({
    ...fault,
    hint: fault.hint ?? "The messages are described at /docs.",
  });
}

export function invalidRequest(message: string, hint?: string): ZoologError {
  return new ZoologError({
    code: "INVALID_REQUEST",
    message,
    hint: hint ?? "The calls are described at /docs.",
  });
}

export function invalidTopicName(fault: string): ZoologError {
  return new ZoologError({
    code: "INVALID_TOPIC_EXCEPTION",
    message: fault,
    hint: "Use letters, digits, '.', '_' and '-', at most 249 of them.",
  });
}

/** A component that leaves out what it was asked for: a fault of ours. */
export const NO_ANSWER: ItemError = {
  code: "UNKNOWN_SERVER_ERROR",
  message: "the broker did not answer for the partition",
};

/** One topic or partition failed where the call is about nothing else. */
export function failedItem(error: ItemError | undefined, hint?: string): ZoologError {
  const { code, message } = error ?? NO_ANSWER;
  const known = (ERROR_CODES as Record<string, ErrorCodeEntry>)[code];
  const retriable = known?.retriable ?? false;
  const shown = hint ?? hintOf(code, retriable);
  return new ZoologError({
    code,
    message,
    retriable,
    ...(shown === undefined ? {} : { hint: shown }),
  });
}

/** A topic that is not there will not come to be deleted: asking again is of no use. */
export function notDeleted(error: ItemError | undefined): ZoologError {
  if (error?.code !== "UNKNOWN_TOPIC_OR_PARTITION") return failedItem(error);
  const { code, message } = error;
  return new ZoologError({ code, message, hint: "GET /v1/topics lists what exists." });
}

function hintOf(code: string, retriable: boolean): string | undefined {
  switch (code) {
    case "UNKNOWN_TOPIC_OR_PARTITION":
      return "GET /v1/topics lists what exists. A topic that was just created needs a moment.";
    case "NOT_LEADER_OR_FOLLOWER":
      return "Ask the broker that leads it: GET /v1/cluster has the addresses.";
    case "LEADER_NOT_AVAILABLE":
      return "It is about to get one, or none of the brokers that may lead it is there: bring them back.";
    default:
      return retriable ? "Try again in a moment." : undefined;
  }
}

export function notFound(method: string, path: string): ZoologError {
  return new ZoologError({
    code: "NOT_FOUND",
    message: `there is no ${method} ${path}`,
    hint: "The calls are listed at /docs.",
  });
}

export function methodNotAllowed(method: string, allowed: readonly string[]): ZoologError {
  return new ZoologError({
    code: "METHOD_NOT_ALLOWED",
    message: `${method} is not possible here`,
    hint: `Use ${allowed.join(" or ")}.`,
  });
}

export function notAcceptable(accept: string, offered: readonly string[]): ZoologError {
  return new ZoologError({
    code: "NOT_ACCEPTABLE",
    message: `no answer in the form of ${accept.slice(0, 100)}`,
    hint: `Accept ${offered.join(" or ")}.`,
  });
}

export function bodyTooLarge(bytesMax: number): ZoologError {
  return new ZoologError({
    code: "REQUEST_TOO_LARGE",
    message: `the body is larger than ${bytesMax} bytes`,
    hint: "Send fewer batches or records in one call; msgpack may be longer than JSON.",
  });
}

export function unsupportedContentEncoding(encoding: string): ZoologError {
  return new ZoologError({
    code: "UNSUPPORTED_CONTENT_ENCODING",
    message: `bodies in content-encoding ${encoding.slice(0, 40)} are not accepted`,
    hint: "Send the body as it is; compress the record batches instead.",
  });
}

export function unsupportedCharset(contentType: string): ZoologError {
  return new ZoologError({
    code: "UNSUPPORTED_MEDIA_TYPE",
    message: `content-type ${contentType.slice(0, 100)} is not accepted`,
    hint: "JSON is UTF-8; leave the charset out.",
  });
}

export function hostMissing(): ZoologError {
  return new ZoologError({
    code: "MALFORMED_REQUEST",
    message: "the header Host is missing",
    hint: "HTTP/1.1 asks for it; clients that are no scripts send it by themselves.",
  });
}

export function hostRefused(host: string): ZoologError {
  return new ZoologError({
    code: "HOST_REFUSED",
    message: `this broker does not answer to the host name ${host.slice(0, 100)}`,
    hint: "Use the address it listens on, or add the name to its allowed hosts.",
  });
}

export function originRefused(origin: string): ZoologError {
  return new ZoologError({
    code: "ORIGIN_REFUSED",
    message: `web pages of ${origin.slice(0, 100)} may not call this broker`,
    hint: "Calls come from programs; a page needs a server of its own in between.",
  });
}

/** Said to whoever shows no credential, and before anything it has sent is read. */
export function brokersOnly(): ZoologError {
  return new ZoologError({
    code: "CLUSTER_AUTHORIZATION_FAILED",
    message: "this call is for brokers of this cluster alone",
    hint: "Clients use the calls of /docs.",
  });
}

export function credentialRefused(): ZoologError {
  return new ZoologError({
    code: "CLUSTER_AUTHORIZATION_FAILED",
    message: "the broker's credential is not one of this cluster",
    hint: "Do both brokers stand in the same ZooKeeper? Their logs name the cluster.",
  });
}

export function msgpackOnly(): ZoologError {
  return new ZoologError({
    code: "UNSUPPORTED_MEDIA_TYPE",
    message: "brokers speak msgpack to each other",
    hint: "Send content-type: application/msgpack.",
  });
}

/** What lies in the log and no reader can decode. Reading on behind it is the reader's decision. */
export function unreadableBatch(
  batch: { readonly baseOffset: number; readonly nextOffset: number },
  why: string,
): ZoologError {
  const { baseOffset, nextOffset } = batch;
  return new ZoologError({
    code: "UNREADABLE_BATCH",
    message: `the batch at offset ${baseOffset} cannot be decoded: ${why}`,
    hint: `To go on behind it, read from offset ${nextOffset}; its records are lost to you then.`,
  });
}
