import { type FileHandle, type FileSystem, writeFully } from "@zoolog/base";
import {
  BATCH_HEADER_BYTES,
  BATCH_MAGIC,
  batchNumber,
  decodeHeader,
  HEADER_BYTES,
  isIntactBatch,
  type LogHeader,
  payloadLength,
} from "./log-format.ts";

/** Read at a time: large enough to be fast, small enough not to be noticed in memory. */
const WINDOW_BYTES = 1024 * 1024;

/** What is checked in search of a later batch, as often as the rest of the file is long. */
const LATER_BATCH_SCANS_MAX = 16;

/** Reads one log file from its beginning, batch by batch. */
export class LogReader {
  readonly #file: FileHandle;
  readonly sizeBytes: number;
  /** `undefined` when the file does not begin with one. */
  readonly header: LogHeader | undefined;
  #position = HEADER_BYTES;
  /** Where the newest piece begins that was written in one go: the header, then each batch. */
  #lastPieceAt = 0;
  #nextNumber = 0;
  #window = Buffer.alloc(0);
  #windowAt = 0;

  private constructor(file: FileHandle, sizeBytes: number, header: LogHeader | undefined) {
    this.#file = file;
    this.sizeBytes = sizeBytes;
    this.header = header;
  }

  static async open(path: string, fileSystem: FileSystem): Promise<LogReader> {
    const file = await fileSystem.open(path, "write");
    try {
      const sizeBytes = await file.size();
      const start = Buffer.alloc(Math.min(HEADER_BYTES, sizeBytes));
      const length = await readFully(file, start, 0);
      return new LogReader(file, sizeBytes, decodeHeader(start.subarray(0, length)));
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** Where the batch that `next` answers begins, or where it found none. */
  get position(): number {
    return this.#position;
  }

  /**
   * The bytes of the next batch, checked; `undefined` when there is no intact one at `position`:
   * the end of the file if `position` is its size, damage otherwise. Valid until the next call.
   */
  async next(): Promise<Buffer | undefined> {
    const batch = await this.#batchAt(this.#position);
    if (batch === undefined || batchNumber(batch) !== this.#nextNumber) return undefined;
    this.#lastPieceAt = this.#position;
    this.#position += batch.length;
    this.#nextNumber += 1;
    return batch;
  }

  /** Nothing but zeros from `position` on: what was preallocated and not written to. */
  async endsInZeros(): Promise<boolean> {
    for (let at = this.#position; at < this.sizeBytes; ) {
      const window = await this.#bytes(at, Math.min(WINDOW_BYTES, this.sizeBytes - at));
      if (window.length === 0 || window.some((byte) => byte !== 0)) return false;
      at += window.length;
    }
    return true;
  }

  /**
   * Is there a batch behind the damage at `position`? One that was written later, that is: then
   * what is damaged had been made durable before. `"unknown"` where too much looks like one: the
   * data of a znode can be nothing but beginnings of batches, each as long as the rest of the file.
   */
  async hasLaterBatch(): Promise<boolean | "unknown"> {
    let bytesLeft = LATER_BATCH_SCANS_MAX * Math.max(WINDOW_BYTES, this.sizeBytes - this.#position);
    for (let at = this.#position + 1; at < this.sizeBytes; ) {
      const window = await this.#bytes(at, Math.min(WINDOW_BYTES, this.sizeBytes - at));
      let found = window.indexOf(BATCH_MAGIC);
      for (; found !== -1; found = window.indexOf(BATCH_MAGIC, found + 1)) {
        bytesLeft -= await this.#fittingLengthAt(at + found);
        if (bytesLeft < 0) return "unknown";
        const batch = await this.#batchAt(at + found);
        if (batch !== undefined && batchNumber(batch) > this.#nextNumber) return true;
      }
      at += Math.max(1, window.length - BATCH_MAGIC.length + 1);
    }
    return false;
  }

  /**
   * Cuts off everything from `position` on, and makes what is before it durable.
   *
   * What was read may never have reached the disk: written just before its process was killed, or
   * given up by a failed fsync, it may live in the page cache only. All but the newest piece was
   * fsynced before the next one was written; the newest is written once more, because a page that a
   * failed fsync has marked clean is not written by a later one.
   */
  async secure(): Promise<void> {
    const piece = await this.#bytes(this.#lastPieceAt, this.#position - this.#lastPieceAt);
    await this.#file.truncate(this.#position);
    await writeFully(this.#file, [piece], this.#lastPieceAt);
    await this.#file.datasync();
  }

  close(): Promise<void> {
    return this.#file.close();
  }

  /** Of the payload that a header there claims, if the file is so long; else 0, which no batch has. */
  async #fittingLengthAt(position: number): Promise<number> {
    const length = payloadLength(await this.#bytes(position, BATCH_HEADER_BYTES)) ?? 0;
    return length <= this.sizeBytes - position - BATCH_HEADER_BYTES ? length : 0;
  }

  async #batchAt(position: number): Promise<Buffer | undefined> {
    if (this.header === undefined) return undefined;
    const length = await this.#fittingLengthAt(position);
    if (length === 0) return undefined;
    const batch = await this.#bytes(position, BATCH_HEADER_BYTES + length);
    if (batch.length < BATCH_HEADER_BYTES + length) return undefined;
    return isIntactBatch(batch, this.header.salt) ? batch : undefined;
  }

  /** Up to `length` bytes from `position`, fewer at the end. */
  async #bytes(position: number, length: number): Promise<Buffer> {
    const start = position - this.#windowAt;
    if (start < 0 || start + length > this.#window.length) {
      const wanted = Math.min(Math.max(length, WINDOW_BYTES), this.sizeBytes - position);
      const window = Buffer.allocUnsafe(Math.max(0, wanted));
      const filled = await readFully(this.#file, window, position);
      this.#window = window.subarray(0, filled);
      this.#windowAt = position;
    }
    const from = position - this.#windowAt;
    return this.#window.subarray(from, from + length);
  }
}

async function readFully(file: FileHandle, target: Uint8Array, position: number): Promise<number> {
  let filled = 0;
  while (filled < target.length) {
    const read = await file.read(target.subarray(filled), position + filled);
    if (read === 0) break;
    filled += read;
  }
  return filled;
}
