import { type FileHandle, type FileSystem, type Random, writeFully } from "@zoolog/base";
import { JuteWriter } from "../../jute/jute-writer.ts";
import { storageFailed } from "../errors.ts";
import type { LoggedTransaction } from "../transaction.ts";
import { logFileName } from "./file-names.ts";
import {
  encodeBatch,
  encodeHeader,
  HEADER_BYTES,
  type LogHeader,
  SALT_BYTES,
} from "./log-format.ts";

/** The log file that is being written. One `append` at a time. */
export class LogFile {
  readonly #file: FileHandle;
  readonly #header: LogHeader;
  readonly #writer = new JuteWriter();
  #sizeBytes = HEADER_BYTES;
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
    const end = await writeFully(this.#file, [this.#writer.view()], this.#sizeBytes);
    await sync(this.#file);
    this.#writer.clear();
    this.#sizeBytes = end;
    this.#batches += 1;
    this.#lastZxid = transactions.at(-1)?.zxid ?? this.#lastZxid;
  }

  /** After a failed write, before anything was synced: as if it had never been tried. */
  async undoWrite(): Promise<void> {
    await this.#file.truncate(this.#sizeBytes);
  }

  close(): Promise<void> {
    return this.#file.close();
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
