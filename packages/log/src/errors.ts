import { errorCode, errorMessage, type Offset, ZoologError } from "@zoolog/base";

/** All operational failures of the log engine. Codes that Kafka has are spelled as Kafka does. */

const OFFLINE_HINT =
  "The replica was taken offline to protect its data; the broker's log has the cause. Damaged " +
  "records are fetched anew once others are in sync; else mend it and restart the broker.";

/** The partition, or its whole data folder, does not serve any more. A hint of the cause is kept. */
export function logOffline(name: string, cause: unknown): ZoologError {
  return new ZoologError({
    code: "KAFKA_STORAGE_ERROR",
    message: `${name} is offline: ${errorMessage(cause)}`,
    retriable: true,
    hint: (cause instanceof ZoologError ? cause.hint : undefined) ?? OFFLINE_HINT,
    cause,
  });
}

/** Bytes that were safe once are not what was written. They are neither served nor cut away. */
export function corruptLog(where: {
  readonly path: string;
  readonly position: number;
  readonly offset: Offset;
  readonly what: string;
}): ZoologError {
  const { path, position, offset, what } = where;
  return new ZoologError({
    code: "CORRUPT_MESSAGE",
    message: `${path} is corrupt at byte ${position}, offset ${offset}: ${what}`,
    hint: "Nothing was deleted. Restore the replica from a peer; keep the file for examination.",
  });
}

/**
 * Records that were in the log are not there any more, and nothing explains it: files were removed
 * or restored from an older copy. Opening the log shorter would give their offsets to others.
 */
export function recordsMissing(loss: {
  readonly folder: string;
  /** The first offset that is not there. */
  readonly from: Offset;
  /** Exclusive. */
  readonly to: Offset;
  /** How it is known that they were there. */
  readonly evidence: string;
  /** What to do when nobody has a copy, as the end of a sentence. */
  readonly giveUp: string;
}): ZoologError {
  const { folder, from, to, evidence, giveUp } = loss;
  const range = from + 1 === to ? `offset ${from}` : `offsets ${from} to ${to - 1}`;
  return new ZoologError({
    code: "RECORDS_MISSING",
    message: `${folder} lacks ${from < to ? range : "its segment files"}: ${evidence}`,
    hint:
      "Nothing was changed. Stop the broker and bring the missing files back. To give the records " +
      `up instead: ${giveUp}. Then start it again.`,
  });
}

/** A checkpoint names a partition whose folder is not there. */
export function partitionFolderMissing(
  folder: string,
  known: { readonly start: Offset; readonly end: Offset },
): ZoologError {
  const { start, end } = known;
  const records = start < end ? `, with the records from ${start} to at least ${end - 1}` : "";
  return new ZoologError({
    code: "PARTITION_FOLDER_MISSING",
    message: `${folder} is gone${records}: the checkpoints of the data folder name it`,
    hint:
      "Stop the broker and bring the folder back. To give its records up instead: remove the " +
      "partition's line from the three *-offset-checkpoint files of the data folder (and lower " +
      "the counts in their second lines), or delete the topic. Then start it again.",
  });
}

/** The folder cannot even be locked or labelled. */
export function noSpaceToOpen(path: string, cause: unknown): ZoologError {
  return new ZoologError({
    code: "DISK_FULL",
    message: `the volume of the data folder ${path} is full, it cannot be opened`,
    hint: "Free a few megabytes on that volume, then start the broker again.",
    cause,
  });
}

/** Bytes offered by a leader or a client that are no sound batches; our own files are fine. */
export function corruptBatch(what: string): ZoologError {
  return new ZoologError({
    code: "CORRUPT_MESSAGE",
    message: `the batch was refused: ${what}`,
    retriable: true,
    hint: "Fetch or produce it again.",
  });
}

export function unexpectedAppendOffset(got: number, expected: Offset): ZoologError {
  return new ZoologError({
    code: "UNEXPECTED_APPEND_OFFSET",
    message: `a follower's batch starts at offset ${got}, the log ends at ${expected}`,
    hint: "Truncate to the common end with the leader, then fetch again.",
  });
}

export function fencedLeaderEpoch(got: number, latest: number): ZoologError {
  return new ZoologError({
    code: "FENCED_LEADER_EPOCH",
    message: `leader epoch ${got} is over, the log has seen ${latest}`,
    retriable: true,
    hint: "Refresh the metadata and ask the new leader.",
  });
}

type SequenceFields = {
  readonly producerId: number;
  readonly epoch: number;
  readonly sequence: number;
  readonly expected: number;
};

/** A batch before it is missing, or was refused. */
export function outOfOrderSequence(fields: SequenceFields): ZoologError {
  const { producerId, epoch, sequence, expected } = fields;
  return new ZoologError({
    code: "OUT_OF_ORDER_SEQUENCE_NUMBER",
    message: `producer ${producerId}, epoch ${epoch}: sequence ${sequence} came, ${expected} is next`,
    hint: "Send what is missing first; if that is given up, go on with the next epoch at 0 (KIP-360).",
  });
}

/** Appended so long ago that its offsets are not remembered. */
export function duplicateSequence(fields: SequenceFields): ZoologError {
  const { producerId, epoch, sequence, expected } = fields;
  return new ZoologError({
    code: "DUPLICATE_SEQUENCE_NUMBER",
    message: `producer ${producerId}, epoch ${epoch}: sequence ${sequence} was appended long ago, ${expected} is next`,
    hint: "Nothing was written: the records are in the log. At most five batches may be under way.",
  });
}

/** Some batches of one append are in the log already, the others are not. */
export function halfDuplicate(producerId: number | undefined): ZoologError {
  return new ZoologError({
    code: "OUT_OF_ORDER_SEQUENCE_NUMBER",
    message: `producer ${producerId ?? "none"}: one append mixes batches that are in the log with new ones`,
    hint: "Send each batch of an idempotent producer by itself.",
  });
}

export function invalidProducerEpoch(fields: {
  readonly producerId: number;
  readonly epoch: number;
  readonly known: number;
}): ZoologError {
  const { producerId, epoch, known } = fields;
  return new ZoologError({
    code: "INVALID_PRODUCER_EPOCH",
    message: `epoch ${epoch} of producer ${producerId} is over, epoch ${known} has written`,
    hint: "Somebody goes on with the producer's id; make a new producer.",
  });
}

export function recordListTooLarge(bytes: number, segmentBytes: number): ZoologError {
  return new ZoologError({
    code: "RECORD_LIST_TOO_LARGE",
    message: `an append of ${bytes} bytes does not fit a segment of ${segmentBytes}`,
    hint: "Send smaller batches, or create a topic with larger segment.bytes.",
  });
}

/** No room, or too little to be safe. Serving goes on; appends do, too, once there is space. */
export function diskFull(path: string, freeBytes: number, cause?: unknown): ZoologError {
  return new ZoologError({
    code: "DISK_FULL",
    message: `the volume of ${path} has ${freeBytes} bytes left for records`,
    retriable: true,
    hint: "Free space, add a volume, or shorten retention. Appends resume by themselves.",
    cause,
  });
}

/** A failed write could not be undone: the file may end in batches that were refused. */
export function rollbackFailed(path: string, write: unknown, rollback: unknown): ZoologError {
  return new ZoologError({
    code: "ROLLBACK_FAILED",
    message: `a write to ${path} failed (${errorMessage(write)}) and could not be undone`,
    hint: OFFLINE_HINT,
    cause: rollback,
  });
}

/** Written, but not synced: nobody knows yet whether the records survive. */
export function notSynced(name: string, cause: unknown): ZoologError {
  return new ZoologError({
    code: "KAFKA_STORAGE_ERROR",
    message: `${name} could not be synced: ${errorMessage(cause)}`,
    retriable: true,
    hint: "The records may be kept or not; an idempotent producer can send them again.",
    cause,
  });
}

export function appendQueueFull(name: string, waitingBytes: number): ZoologError {
  return new ZoologError({
    code: "QUEUE_FULL",
    message: `${waitingBytes} bytes already wait to be written to ${name}`,
    retriable: true,
    hint: "Slow down and try again.",
  });
}

export function tooManyOpenFiles(cause: unknown): ZoologError {
  return new ZoologError({
    code: "TOO_MANY_OPEN_FILES",
    message: "the process may not open more files",
    retriable: true,
    hint: "Raise the limit of open files (ulimit -n) or lower the broker's open file limit.",
    cause,
  });
}

export function logClosed(name: string): ZoologError {
  return new ZoologError({
    code: "LOG_CLOSED",
    message: `${name} is closed`,
    retriable: true,
    hint: "Ask again: the partition has moved or the broker is shutting down.",
  });
}

/** A checkpoint or metadata file that is not in its format. */
export function corruptFile(path: string, what: string): ZoologError {
  return new ZoologError({
    code: "CORRUPT_FILE",
    message: `${path} is damaged: ${what}`,
    hint: "Restore the file from a backup, or remove it when its README in docs/formats allows it.",
  });
}

export function inconsistentIdentity(what: {
  readonly code: "INCONSISTENT_CLUSTER_ID" | "INCONSISTENT_BROKER_ID" | "INCONSISTENT_TOPIC_ID";
  readonly path: string;
  readonly stored: string;
  readonly wanted: string;
}): ZoologError {
  return new ZoologError({
    code: what.code,
    message: `${what.path} belongs to ${what.stored}, not to ${what.wanted}`,
    hint: "Check the configured data folder; data of another owner is never touched.",
  });
}

/** True for failures that say "no space", however the file system words them. */
export function isNoSpace(error: unknown): boolean {
  const code = errorCode(error);
  return code === "ENOSPC" || code === "EDQUOT" || code === "DISK_FULL";
}

/** True when the process, not the disk, is at its limit. */
export function isOutOfHandles(error: unknown): boolean {
  const code = errorCode(error);
  return code === "EMFILE" || code === "ENFILE" || code === "TOO_MANY_OPEN_FILES";
}

export function isMissing(error: unknown): boolean {
  return errorCode(error) === "ENOENT";
}
