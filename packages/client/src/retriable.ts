import { errorCode, ZoologError } from "@zoolog/base";
import { ERROR_CODES, type ErrorCodeEntry } from "@zoolog/protocol";

/** After these the client's picture of who leads is out of date. */
const STALE_METADATA = new Set([
  "UNKNOWN_TOPIC_OR_PARTITION",
  "LEADER_NOT_AVAILABLE",
  "NOT_LEADER_OR_FOLLOWER",
  "REPLICA_NOT_AVAILABLE",
  "KAFKA_STORAGE_ERROR",
  "FENCED_LEADER_EPOCH",
  "UNKNOWN_LEADER_EPOCH",
  "NETWORK_EXCEPTION",
  "CONNECTION_REFUSED",
  "REQUEST_TIMED_OUT",
  "BROKER_NOT_AVAILABLE",
]);

/**
 * After these the broker has not written what it was sent: it was refused before the append, or never
 * arrived. All others may come behind one, however they sound: a leader that loses its leadership
 * while it waits for its followers answers NOT_LEADER_OR_FOLLOWER.
 */
const UNWRITTEN = new Set([
  "CONNECTION_REFUSED",
  "CORRUPT_MESSAGE",
  "INVALID_PRODUCER_EPOCH",
  "INVALID_RECORD",
  "INVALID_REQUEST",
  "INVALID_TIMESTAMP",
  "MESSAGE_TOO_LARGE",
  "NOT_ENOUGH_REPLICAS",
  "OUT_OF_ORDER_SEQUENCE_NUMBER",
  "RECORD_LIST_TOO_LARGE",
  "THROTTLING_QUOTA_EXCEEDED",
  "UNKNOWN_PRODUCER_ID",
  "UNSUPPORTED_COMPRESSION_TYPE",
]);

const codes: Readonly<Record<string, ErrorCodeEntry>> = ERROR_CODES;

/** An error of one topic or partition of an answer, with the retriability that its code has. */
export function itemFailure(
  where: string,
  item: { readonly code: string; readonly message: string },
): ZoologError {
  const isNamed = item.message.includes(where.replace(/^topic /, ""));
  return new ZoologError({
    code: item.code,
    message: isNamed ? item.message : `${where}: ${item.message}`,
    retriable: codes[item.code]?.retriable ?? false,
    ...hintOf(item.code),
  });
}

export function isRetriable(error: unknown): boolean {
  return error instanceof ZoologError && error.retriable;
}

/** The batch, or all batches of a request together. */
export function isTooLarge(error: unknown): boolean {
  return errorCode(error) === "MESSAGE_TOO_LARGE";
}

/** Whether a failed attempt has certainly written nothing. */
export function isUnwritten(error: unknown): boolean {
  return UNWRITTEN.has(errorCode(error) ?? "");
}

export function meansStaleMetadata(error: unknown): boolean {
  return STALE_METADATA.has(errorCode(error) ?? "");
}

function hintOf(code: string): { hint?: string } {
  switch (code) {
    case "UNKNOWN_TOPIC_OR_PARTITION":
      return { hint: "List what exists with `zoolog topic list`, or create it." };
    case "LEADER_NOT_AVAILABLE":
      return { hint: "If it stays so, `zoolog topic describe` says why nobody leads it." };
    case "TOPIC_ALREADY_EXISTS":
      return { hint: "Choose another name, or delete the topic first." };
    case "INVALID_CONFIG":
      return { hint: "docs/configuration.md lists all settings and what they take." };
    case "INVALID_TOPIC_EXCEPTION":
      return { hint: "Choose another name; `zoolog topic list --internal` shows those in use." };
    case "INVALID_REPLICATION_FACTOR":
      return { hint: "Each replica needs a broker of its own; `zoolog cluster info` lists them." };
    case "MESSAGE_TOO_LARGE":
      return {
        hint: "Send smaller records, or allow larger ones: `zoolog topic alter T -c max.message.bytes=…`.",
      };
    case "NOT_ENOUGH_REPLICAS":
    case "NOT_ENOUGH_REPLICAS_AFTER_APPEND":
      return { hint: "Too few replicas are in sync; `zoolog topic describe` shows which." };
    default:
      return {};
  }
}
