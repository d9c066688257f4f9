/**
 * Walks the batches of a file from a position to an end: recovery, index rebuild, truncation. Stops
 * at the first thing that is no sound batch and says where and why; what that means is for the
 * caller to know.
 */
import type { FileHandle } from "@zoolog/base";
import { BatchCursor, describeBatchFault } from "@zoolog/protocol";

/** Read at a time. Large enough that the disk, not the call, is the cost. */
const CHUNK_BYTES = 1024 * 1024;

/**
 * No batch is larger (the largest request Kafka's brokers take). Bounds what a damaged length makes
 * a scan allocate.
 */
export const BATCH_BYTES_LIMIT = 100 * 1024 * 1024;

/** The fault of a batch whose end is not there: what an interrupted append leaves. */
export const INCOMPLETE_BATCH = "the batch is incomplete";

export type ScanRange = {
  readonly from: number;
  /** Exclusive; the bytes up to here are expected to be whole batches. */
  readonly to: number;
  readonly checksums: "verify" | "skip";
  /** Read at a time; 1 MiB unless told. */
  readonly chunkBytes?: number;
};

export type ScanEnd = {
  /** Where the last sound batch ends. */
  readonly position: number;
  /** Why the scan ended there; `undefined` at the end of the range or when the visitor stopped. */
  readonly fault: string | undefined;
};

/** Answers `false` to end the scan before the batch it was shown. The cursor is reused. */
export type BatchVisitor = (batch: BatchCursor, position: number) => boolean;

export async function scanBatches(
  file: FileHandle,
  range: ScanRange,
  visit: BatchVisitor,
): Promise<ScanEnd> {
  const window = new FileWindow(file, range);
  const scan = new BatchScan(window, range, visit);
  while (scan.position < range.to) {
    if (!(await window.fill(scan.position, scan.bytesWanted)))
      return scan.end("the file ends early");
    const end = scan.walk();
    if (end !== undefined) return end;
  }
  return scan.end(undefined);
}

class BatchScan {
  readonly #cursor = new BatchCursor({ batchBytesMax: BATCH_BYTES_LIMIT });
  readonly #window: FileWindow;
  readonly #range: ScanRange;
  readonly #visit: BatchVisitor;
  position: number;
  /** What must be readable from `position` to go on. */
  bytesWanted = 0;

  constructor(window: FileWindow, range: ScanRange, visit: BatchVisitor) {
    this.#window = window;
    this.#range = range;
    this.#visit = visit;
    this.position = range.from;
  }

  end(fault: string | undefined): ScanEnd {
    return { position: this.position, fault };
  }

  /** Walks the window; answers how the scan ended, or nothing when it wants more bytes. */
  walk(): ScanEnd | undefined {
    const cursor = this.#cursor;
    const { bytes, start, length } = this.#window;
    this.bytesWanted = 0;
    while (this.position - start < length) {
      const sighting = cursor.look(bytes, this.position - start, length);
      if (cursor.fault !== undefined) return this.end(describeBatchFault(cursor.fault));
      if (sighting === "partial") {
        this.bytesWanted = cursor.bytesNeeded;
        const isThere = this.position + this.bytesWanted <= this.#range.to;
        return isThere ? undefined : this.end(INCOMPLETE_BATCH);
      }
      if (this.#range.checksums === "verify" && !cursor.checksumMatches()) {
        return this.end("the checksum does not match");
      }
      if (!this.#visit(cursor, this.position)) return this.end(undefined);
      this.position += cursor.sizeInBytes;
    }
    return undefined;
  }
}

/** A part of a file in memory that slides forward. */
class FileWindow {
  readonly #file: FileHandle;
  readonly #end: number;
  bytes: Buffer;
  /** File position of the first byte. */
  start = 0;
  length = 0;

  constructor(file: FileHandle, range: ScanRange) {
    const { from, to, chunkBytes = CHUNK_BYTES } = range;
    this.#file = file;
    this.#end = to;
    this.bytes = Buffer.allocUnsafeSlow(Math.max(1, Math.min(chunkBytes, to - from)));
  }

  /** Makes at least `wanted` bytes from `position` readable; false when the file ends before. */
  async fill(position: number, wanted: number): Promise<boolean> {
    const kept = Math.max(0, this.start + this.length - position);
    if (wanted > this.bytes.length) {
      const larger = Buffer.allocUnsafeSlow(wanted);
      this.bytes.copy(larger, 0, position - this.start, this.length);
      this.bytes = larger;
    } else if (kept > 0) {
      this.bytes.copyWithin(0, position - this.start, this.length);
    }
    this.start = position;
    this.length = kept;
    const least = Math.max(1, wanted);
    while (this.length < least || this.length === kept) {
      const room = Math.min(this.bytes.length, this.#end - this.start) - this.length;
      if (room === 0) return this.length >= least;
      const target = this.bytes.subarray(this.length, this.length + room);
      const read = await this.#file.read(target, this.start + this.length);
      if (read === 0) return false;
      this.length += read;
    }
    return true;
  }
}
