import type { FileSystem, Offset } from "@zoolog/base";
import { isMissing } from "../errors.ts";
import type { DataVolume } from "../volume/data-volume.ts";
import { OFFSET_INDEX_SUFFIX, TIME_INDEX_SUFFIX } from "../volume/file-names.ts";
import { OffsetIndex } from "./offset-index.ts";
import { TimeIndex, type TimeIndexEntry } from "./time-index.ts";

/** What the indexes need to know of a batch. A `RecordBatch` and a `BatchCursor` both have it. */
export type IndexedBatch = {
  readonly lastOffset: Offset;
  readonly maxTimestamp: TimeIndexEntry["timestamp"];
  readonly sizeInBytes: number;
};

/**
 * Both indexes of one segment. They are fed together and written together, the time index first: an
 * offset entry on disk means that the time entries up to its batch are there, too, so recovery can
 * go on from an offset entry.
 */
export class SegmentIndexes {
  readonly offsets: OffsetIndex;
  readonly times: TimeIndex;
  /** Log bytes since the batch of the last entry, that batch included. */
  #bytesSinceEntry = 0;
  #newest: TimeIndexEntry | undefined;

  constructor(offsets: OffsetIndex, times: TimeIndex) {
    this.offsets = offsets;
    this.times = times;
    this.#newest = times.last();
  }

  static empty(baseOffset: Offset): SegmentIndexes {
    return new SegmentIndexes(new OffsetIndex(baseOffset), new TimeIndex(baseOffset));
  }

  /** What the files hold, unchecked; a missing file is an empty index. */
  static async read(
    place: { readonly baseOffset: Offset; readonly stem: string },
    fileSystem: FileSystem,
  ): Promise<SegmentIndexes> {
    const { baseOffset, stem } = place;
    const offsets = await readIfPresent(fileSystem, `${stem}${OFFSET_INDEX_SUFFIX}`);
    const times = await readIfPresent(fileSystem, `${stem}${TIME_INDEX_SUFFIX}`);
    return new SegmentIndexes(
      new OffsetIndex(baseOffset, offsets),
      new TimeIndex(baseOffset, times),
    );
  }

  /** The greatest timestamp so far, and the last offset of the batch that has it. */
  get newest(): TimeIndexEntry | undefined {
    return this.#newest;
  }

  /** Memory taken. */
  get sizeInBytes(): number {
    return this.offsets.table.sizeInBytes + this.times.table.sizeInBytes;
  }

  /** Notes a batch at `position`; makes entries when `intervalBytes` have passed since the last. */
  add(batch: IndexedBatch, position: number, intervalBytes: number): void {
    const { lastOffset, maxTimestamp } = batch;
    if (this.#newest === undefined || maxTimestamp > this.#newest.timestamp) {
      if (maxTimestamp >= 0) this.#newest = { timestamp: maxTimestamp, lastOffset };
    }
    if (this.#bytesSinceEntry > intervalBytes) {
      this.offsets.append(lastOffset, position);
      if (this.#newest !== undefined) this.times.appendIfNewer(this.#newest);
      this.#bytesSinceEntry = 0;
    }
    this.#bytesSinceEntry += batch.sizeInBytes;
  }

  /** No batch follows: the time index gets the segment's greatest timestamp as its last entry. */
  seal(): void {
    if (this.#newest !== undefined) this.times.appendIfNewer(this.#newest);
  }

  /**
   * Keeps the first `count` offset entries and what the time index knew by then. Batches from the
   * last kept entry's on are to be added again.
   */
  rewindTo(count: number): void {
    this.offsets.table.truncate(count);
    const last = this.offsets.last();
    this.times.truncateTo(((last?.lastOffset ?? this.offsets.baseOffset - 1) + 1) as Offset);
    this.#newest = this.times.last();
    this.#bytesSinceEntry = 0;
  }

  get isDirty(): boolean {
    return this.offsets.table.isDirty || this.times.table.isDirty;
  }

  /** Whether a file may hold entries that are not, or no longer, those of its index. */
  get isContradicted(): boolean {
    return this.offsets.table.isContradicted || this.times.table.isContradicted;
  }

  /** Brings the files up to date and waits for the disk. */
  async save(stem: string, volume: DataVolume): Promise<void> {
    for (const [index, suffix] of [
      [this.times, TIME_INDEX_SUFFIX],
      [this.offsets, OFFSET_INDEX_SUFFIX],
    ] as const) {
      if (!index.table.isDirty) continue;
      await volume.files.use(`${stem}${suffix}`, "write", async (file) => {
        await index.table.writeTo(file);
        await volume.datasync(file);
      });
    }
  }
}

async function readIfPresent(fileSystem: FileSystem, path: string): Promise<Buffer | undefined> {
  try {
    const bytes = await fileSystem.readFile(path);
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}
