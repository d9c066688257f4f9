import { errorCode, errorMessage, ZoologError } from "@zoolog/base";
import { type ReplicaError, replicaError } from "./replica-error.ts";

/**
 * What a rejected call of the log means to the partition: a refusal of this one call, or the end of
 * the replica on this broker.
 */
export type LogFailure = { readonly refusal: ReplicaError } | { readonly failure: ZoologError };

/**
 * What passes by itself, or is the caller's fault, is a refusal; so is a code that is not listed, as
 * the log names whatever breaks it: a partition must not end over a refusal that is new here. What
 * has no name, a broken invariant of ours included, takes the replica offline: nobody knows then what
 * the log holds (KAFKA-10778), and another replica may serve.
 */
export function judgeLogFailure(error: unknown): LogFailure {
  if (!(error instanceof ZoologError)) return { failure: storageError(error) };
  switch (error.code) {
    case "RECORD_LIST_TOO_LARGE":
    case "FENCED_LEADER_EPOCH":
    case "OUT_OF_ORDER_SEQUENCE_NUMBER":
    case "DUPLICATE_SEQUENCE_NUMBER":
    case "INVALID_PRODUCER_EPOCH":
    case "UNKNOWN_PRODUCER_ID":
      return { refusal: replicaError(error.code, error.message) };
    case "QUEUE_FULL":
      return { refusal: replicaError("THROTTLING_QUOTA_EXCEEDED", error.message) };
    case "DISK_FULL":
    case "TOO_MANY_OPEN_FILES":
    case "LEADER_EPOCH_BEHIND_LOG":
      return { refusal: replicaError("KAFKA_STORAGE_ERROR", error.message) };
    case "LOG_CLOSED":
      return { refusal: replicaError("NOT_LEADER_OR_FOLLOWER", error.message) };
    case "KAFKA_STORAGE_ERROR":
    case "CORRUPT_FILE":
    case "CORRUPT_MESSAGE":
    case "INCONSISTENT_TOPIC_ID":
    case "PARTITION_FOLDER_MISSING":
    case "RECORDS_MISSING":
    case "ROLLBACK_FAILED":
    case "UNEXPECTED_APPEND_OFFSET":
      return { failure: storageError(error) };
    default:
      return { refusal: replicaError("UNKNOWN_SERVER_ERROR", error.message) };
  }
}

/** A replica's failure under the one name that clients and the controller know. */
export function storageError(cause: unknown): ZoologError {
  if (cause instanceof ZoologError && cause.code === "KAFKA_STORAGE_ERROR") return cause;
  return new ZoologError({
    code: "KAFKA_STORAGE_ERROR",
    message: errorMessage(cause),
    retriable: true,
    hint:
      "The broker's log has the cause. Damaged records are fetched anew once others are in sync; " +
      "else mend it and restart the broker.",
    cause,
  });
}

const DAMAGE: ReadonlySet<string | undefined> = new Set([
  "CORRUPT_FILE",
  "CORRUPT_MESSAGE",
  "PARTITION_FOLDER_MISSING",
  "RECORDS_MISSING",
]);

/**
 * Whether the records are damaged or gone, rather than the disk: a log that begins anew can be filled
 * from other replicas then.
 */
export function isDamage(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (DAMAGE.has(errorCode(cause))) return true;
  }
  return false;
}
