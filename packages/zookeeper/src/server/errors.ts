import { errorMessage, ZoologError } from "@zoolog/base";

/** The failures of the embedded server, in one place. */

/**
 * What was durable once cannot be read any more. `where` names the file and the position.
 * Nothing has been changed on disk.
 */
export function dataCorrupt(where: string, fault: string, cause?: unknown): ZoologError {
  return new ZoologError({
    code: "ZOOKEEPER_DATA_CORRUPT",
    message: `the embedded ZooKeeper's data is damaged: ${where}: ${fault}`,
    hint:
      "Nothing was changed. Check the disk, then restore the folder from a backup, or move it away " +
      "to start with an empty ZooKeeper.",
    ...(cause === undefined ? {} : { cause }),
  });
}

/** The disk failed while the server ran: nothing more can be acknowledged. */
export function storageFailed(cause: unknown): ZoologError {
  if (cause instanceof ZoologError && cause.code === "ZOOKEEPER_STORAGE_FAILED") return cause;
  return new ZoologError({
    code: "ZOOKEEPER_STORAGE_FAILED",
    message: `the embedded ZooKeeper cannot write its log: ${errorMessage(cause)}`,
    hint: "Check the disk, then start the server again: it recovers what is on disk.",
    cause,
  });
}

/** A snapshot was given up because the server closes. */
export function snapshotAborted(): ZoologError {
  return new ZoologError({ code: "ABORTED", message: "the snapshot was given up" });
}
