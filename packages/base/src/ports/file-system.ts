/**
 * The disk as the log engine and the embedded ZooKeeper see it. Nothing else touches files.
 *
 * Failures reject with Node's codes in `error.code`: `ENOENT`, `EEXIST`, `ENOSPC`, `EIO`, … What is
 * written is safe from a process crash at once, from a power cut only after `datasync`; a new,
 * renamed or removed name is safe from a power cut only after `syncDirectory` of its folder.
 */
export interface FileSystem {
  /**
   * - `"read"`: must exist.
   * - `"write"`: read and write, created when missing, never truncated.
   * - `"create"`: read and write, rejects with `EEXIST` when present.
   */
  open(path: string, mode: OpenMode): Promise<FileHandle>;
  /** The whole file. Only for files that are small by their nature. */
  readFile(path: string): Promise<Uint8Array>;
  /** Names in a folder, sorted. */
  readDirectory(path: string): Promise<string[]>;
  stat(path: string): Promise<FileStat>;
  /** Creates the folder and its parents; a folder that exists is fine. */
  makeDirectory(path: string): Promise<void>;
  /** Replaces the target when it exists, atomically. Also renames folders. */
  rename(from: string, to: string): Promise<void>;
  /**
   * Gives a file a second name. Rejects with `EEXIST` when the name is taken, and with `EPERM` or
   * `ENOTSUP` on volumes without links.
   */
  link(from: string, to: string): Promise<void>;
  remove(path: string): Promise<void>;
  /** Removes a folder and all that is in it; a missing folder is fine. */
  removeTree(path: string): Promise<void>;
  /** Makes created, renamed and removed names in this folder survive a power cut. */
  syncDirectory(path: string): Promise<void>;
  space(path: string): Promise<VolumeSpace>;
}

/** Room on a volume, bytes. What it keeps for root counts as neither, as in `df`. */
export type VolumeSpace = {
  /** Taken or free. */
  readonly totalBytes: number;
  /** Free for us. */
  readonly freeBytes: number;
};

export type OpenMode = "read" | "write" | "create";

export type FileStat = {
  readonly kind: "file" | "directory";
  readonly sizeBytes: number;
  /** Milliseconds since 1970. */
  readonly modifiedAt: number;
};

export interface FileHandle {
  readonly path: string;
  /** Fills up to `target.length` bytes from `position`; answers how many, 0 at the end. */
  read(target: Uint8Array, position: number): Promise<number>;
  /**
   * Writes the chunks one behind the other from `position`, as one vectored write. Answers how many
   * bytes were taken: **fewer than given, without an error, on a full disk.** Callers loop on it
   * (`writeFully`).
   */
  write(chunks: readonly Uint8Array[], position: number): Promise<number>;
  truncate(sizeBytes: number): Promise<void>;
  /** fdatasync. After a failure the file's contents are unknown: never retry and acknowledge. */
  datasync(): Promise<void>;
  size(): Promise<number>;
  /** Idempotent. */
  close(): Promise<void>;
}
