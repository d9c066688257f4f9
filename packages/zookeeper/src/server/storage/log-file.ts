import { errorCode, type FileHandle, type FileSystem, type Random, writeFully } from "@zoolog/base";
import { JuteWriter } from "../../jute/jute-writer.ts";
import { storageFailed } from "../errors.ts";
import type { LoggedTransaction } from "../tree/transaction.ts";
import { logFileName } from "./file-names.ts";
import {
  encodeBatch,
  encodeHeader,
  HEADER_BYTES,
  type LogHeader,
  SALT_BYTES,
} from "./log-format.ts";

/**
 * How far a file grows ahead of what is written to it, in zeros. A sync within it writes data only; one that
 * also changes the size or the blocks of the file has to commit the file system's journal, which
 * takes about as long again. More than a thousand small transactions share one such commit.
 */
const PREALLOCATED_BYTES = 256 * 1024;

const ZEROS = Buffer.alloc(PREALLOCATED_BYTES);

/** The log file that is being written. One `append` at a time. */
export class LogFile {
  readonly #file: FileHandle;
  readonly #header: LogHeader;
  readonly #writer = new JuteWriter();
  #sizeBytes = HEADER_BYTES;
  /** The end of the zeros behind what was written. */
  #allocatedBytes = HEADER_BYTES;
  #isSound = true;
  #batches = 0;
  #lastZxid: number;

  private constructor(file: FileHandle, header: LogHeader) {
    this.#file = file;
    this.#header = header;
    this.#lastZxid = header.previousZxid;
  }

  /**
   * When it resolves, the file and its name survive a power cut.
   *
   * @throws an error with `code` `ENOSPC` when there is no room; there is no file then either.
   */
  static async create(
    options: { readonly folder: string } & Omit<LogHeader, "salt">,
    dependencies: { readonly fileSystem: FileSystem; readonly random: Random },
  ): Promise<LogFile> {
    const { folder, baseZxid, previousZxid } = options;
    const { fileSystem, random } = dependencies;
    const header = { baseZxid, previousZxid, salt: random.bytes(SALT_BYTES) };
    const path = `${folder}/${logFileName(baseZxid)}`;
    const file = await fileSystem.open(path, "create");
    try {
      await writeFully(file, [encodeHeader(header)], 0);
      await sync(file);
      await fileSystem.syncDirectory(folder);
    } catch (error) {
      await file.close();
      await removeUnused(path, fileSystem);
      throw error;
    }
    return new LogFile(file, header);
  }

  /** Of what was written; the file itself is longer. */
  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** The last transaction in this or any file before. */
  get lastZxid(): number {
    return this.#lastZxid;
  }

  /**
   * When it resolves, the transactions survive a power cut; until then they may or may not.
   *
   * @throws an error with `code` `ENOSPC` when there is no room: `undoWrite`, then try again later.
   */
  async append(transactions: readonly LoggedTransaction[]): Promise<void> {
    const place = { number: this.#batches, salt: this.#header.salt };
    encodeBatch(this.#writer, { previousZxid: this.#lastZxid, transactions }, place);
    const batch = this.#writer.view();
    await this.#write(batch);
    try {
      await sync(this.#file);
    } catch (error) {
      this.#isSound = false;
      throw error;
    }
    this.#sizeBytes += batch.length;
    this.#writer.clear();
    this.#batches += 1;
    this.#lastZxid = transactions.at(-1)?.zxid ?? this.#lastZxid;
  }

  /** After a failed write, before anything was synced: as if it had never been tried. */
  async undoWrite(): Promise<void> {
    await this.#file.truncate(this.#sizeBytes);
    this.#allocatedBytes = this.#sizeBytes;
  }

  async close(): Promise<void> {
    try {
      // Only to save room: whoever reads the file knows the zeros for what they are.
      if (this.#isSound && this.#allocatedBytes > this.#sizeBytes) await this.undoWrite();
    } finally {
      await this.#file.close();
    }
  }

  async #write(batch: Uint8Array): Promise<void> {
    const end = this.#sizeBytes + batch.length;
    if (end > this.#allocatedBytes) {
      try {
        await writeFully(this.#file, [batch, ZEROS], this.#sizeBytes);
        this.#allocatedBytes = end + ZEROS.length;
        return;
      } catch (error) {
        if (errorCode(error) !== "ENOSPC") throw error;
        // No room for what comes later is no reason to refuse what is here.
        await this.undoWrite();
      }
    }
    await writeFully(this.#file, [batch], this.#sizeBytes);
    this.#allocatedBytes = Math.max(this.#allocatedBytes, end);
  }
}

/** A failed fsync is never tried again, not even for want of space: the pages may be gone. */
async function sync(file: FileHandle): Promise<void> {
  try {
    await file.datasync();
  } catch (error) {
    throw storageFailed(error);
  }
}

/** Left where it is, it would look like damage to the next start once a newer file follows it. */
async function removeUnused(path: string, fileSystem: FileSystem): Promise<void> {
  try {
    await fileSystem.remove(path);
  } catch (error) {
    throw storageFailed(error);
  }
}
