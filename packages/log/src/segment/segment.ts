import { assert, type FileHandle, type Offset, type Timestamp, writeFully } from "@zoolog/base";
import type { RecordBatch } from "@zoolog/protocol";
import { corruptLog, isMissing, rollbackFailed } from "../errors.ts";
import { RELATIVE_OFFSET_MAX } from "../indexes/offset-index.ts";
import { SegmentIndexes } from "../indexes/segment-indexes.ts";
import type { LogDirectory } from "../log-directory.ts";
import {
  DELETED_LOG_SUFFIX,
  LOG_SUFFIX,
  OFFSET_INDEX_SUFFIX,
  segmentName,
  TIME_INDEX_SUFFIX,
} from "../volume/file-names.ts";
import { type FoundBatch, findBatch } from "./find-batch.ts";
import { addScanned, agreesWithBatches } from "./index-check.ts";

/** Positions in an index are signed 32-bit numbers, so no segment is larger, whatever its topic says. */
const SEGMENT_BYTES_LIMIT = 2 ** 31 - 1;

/** Written again at a time. */
const REWRITE_BYTES = 1024 * 1024;

/**
 * Log bytes that the index files of an active segment may be behind at a regular flush: what a start
 * after a crash scans at most beyond what was appended since. Each save is two more syncs, during
 * which the disk lets appends wait.
 */
const INDEX_LAG_BYTES_MAX = 16 * 1024 * 1024;

export type SegmentOptions = {
  readonly folder: string;
  readonly baseOffset: Offset;
  /** Bytes of whole batches in the file. */
  readonly sizeInBytes: number;
  /** Bytes of them that are known to be on the disk; `undefined`: not even that it ends there. */
  readonly syncedBytes: number | undefined;
  readonly createdAt: Timestamp;
  /** Log bytes between two index entries. */
  readonly indexIntervalBytes: number;
  /** `undefined`: load them when they are needed. */
  readonly indexes: SegmentIndexes | undefined;
};

type SegmentPlace = Pick<
  SegmentOptions,
  "folder" | "baseOffset" | "createdAt" | "indexIntervalBytes"
>;

export type SegmentDependencies = { readonly directory: LogDirectory };

/** When a segment is full. */
export type RollRule = {
  readonly segmentBytes: number;
  readonly segmentMs: number;
  readonly segmentIndexBytes: number;
};

/** An empty file may be longer on the disk: somebody cut it, and died before it was synced. */
const NOT_EVEN_THE_END = -1;

/**
 * One file of batches with its two indexes. The active one of a log is appended to; the others only
 * shrink or go. All changes come from the log's queue, one after the other; reads run beside them
 * and see whole batches, because `sizeInBytes` moves after the bytes are in the file.
 */
export class Segment {
  readonly baseOffset: Offset;
  /** Path without the ending. */
  readonly stem: string;
  readonly createdAt: Timestamp;
  readonly #directory: LogDirectory;
  readonly #indexIntervalBytes: number;
  #sizeInBytes: number;
  #syncedBytes: number;
  /** Of which the index files know; 0 after a start, which does not ask them. */
  #indexedBytes = 0;
  #isSealed = false;
  /** In memory while the segment is active or its index files are behind. */
  #indexes: SegmentIndexes | undefined;
  /** The handle whose file was last seen to end where the segment does. */
  #knownHandle: FileHandle | undefined;
  #path: string;
  #isGivenUp = false;

  constructor(options: SegmentOptions, dependencies: SegmentDependencies) {
    this.baseOffset = options.baseOffset;
    this.stem = `${options.folder}/${segmentName(options.baseOffset)}`;
    this.#path = `${this.stem}${LOG_SUFFIX}`;
    this.createdAt = options.createdAt;
    this.#indexIntervalBytes = options.indexIntervalBytes;
    this.#sizeInBytes = options.sizeInBytes;
    this.#syncedBytes = options.syncedBytes ?? NOT_EVEN_THE_END;
    this.#indexes = options.indexes;
    this.#directory = dependencies.directory;
  }

  /** Without records, and without a file before `makeFile`. */
  static empty(options: SegmentPlace, dependencies: SegmentDependencies): Segment {
    const indexes = SegmentIndexes.empty(options.baseOffset);
    return new Segment({ ...options, sizeInBytes: 0, syncedBytes: 0, indexes }, dependencies);
  }

  static async create(options: SegmentPlace, dependencies: SegmentDependencies): Promise<Segment> {
    const segment = Segment.empty(options, dependencies);
    await segment.makeFile();
    return segment;
  }

  /** Creates the file, empty. Leftovers of that name are none of this log's records: they go. */
  async makeFile(): Promise<void> {
    try {
      const { files } = this.#directory.volume;
      await files.use(this.path, "write", (file) => file.truncate(0));
    } catch (error) {
      // A stray empty file here would look like a gap once the segment before it has grown.
      await this.delete();
      throw error;
    }
  }

  /** Made once: every append and every read looks its handle up by it. */
  get path(): string {
    return this.#path;
  }

  get sizeInBytes(): number {
    return this.#sizeInBytes;
  }

  /** True when the disk may not have all of it, the index files aside. */
  get isDirty(): boolean {
    return this.#syncedBytes < this.#sizeInBytes;
  }

  /**
   * True when the segment must not take `bytes` more, which would end at `lastOffset`, behind
   * `bytesAhead` that are to be written before them.
   */
  mustRollBefore(
    append: {
      readonly bytes: number;
      readonly bytesAhead: number;
      readonly lastOffset: Offset;
      readonly now: Timestamp;
    },
    rule: RollRule,
  ): boolean {
    if (append.lastOffset - this.baseOffset > RELATIVE_OFFSET_MAX) return true;
    const used = this.#sizeInBytes + append.bytesAhead;
    if (used === 0) return false;
    const { offsets } = this.#activeIndexes();
    return (
      used + append.bytes > Math.min(rule.segmentBytes, SEGMENT_BYTES_LIMIT) ||
      offsets.isFull(rule.segmentIndexBytes) ||
      this.isOlderThan(rule.segmentMs, append.now)
    );
  }

  isOlderThan(ageMs: number, now: Timestamp): boolean {
    return this.#sizeInBytes > 0 && now - this.createdAt >= ageMs;
  }

  /**
   * Writes batches behind the last one, as one vectored write. They are no part of the segment
   * before `commit`. What a failed write left is cut off again before the failure is reported.
   *
   * @throws ZoologError ROLLBACK_FAILED: the file may hold batches that nobody acknowledged.
   */
  async write(batches: readonly RecordBatch[]): Promise<void> {
    const chunks = batches.map((batch) => batch.bytes);
    await this.#directory.volume.files.use(this.path, "write", async (file) => {
      if (file !== this.#knownHandle) await this.#checkEnd(file);
      try {
        await writeFully(file, chunks, this.#sizeInBytes);
      } catch (error) {
        await this.#rollBack(file, error);
        throw error;
      }
    });
  }

  /** Makes written batches part of the segment. */
  commit(batches: readonly RecordBatch[]): void {
    const indexes = this.#activeIndexes();
    let position = this.#sizeInBytes;
    for (const batch of batches) {
      indexes.add(batch, position, this.#indexIntervalBytes);
      position += batch.sizeInBytes;
    }
    this.#sizeInBytes = position;
  }

  /** Cuts what stands in the file behind the segment's last batch. For recovery. */
  async cutToSize(): Promise<void> {
    await this.#directory.volume.files.use(this.path, "write", async (file) => {
      await file.truncate(this.#sizeInBytes);
      await this.#directory.volume.datasync(file);
    });
  }

  /** Writes the bytes from `position` on once more, and syncs them. */
  async rewriteFrom(position: number): Promise<void> {
    await this.#directory.volume.files.use(this.path, "write", async (file) => {
      for (let at = position; at < this.#sizeInBytes; ) {
        const chunk = Buffer.allocUnsafe(Math.min(REWRITE_BYTES, this.#sizeInBytes - at));
        const read = await file.read(chunk, at);
        assert(read > 0, "the scan has seen these bytes");
        at = await writeFully(file, [chunk.subarray(0, read)], at);
      }
      await this.#directory.volume.datasync(file);
    });
    this.#syncedBytes = this.#sizeInBytes;
  }

  /** Makes what is committed now survive a power cut; index files are left for `saveIndexes`. */
  async sync(): Promise<void> {
    const bytes = this.#sizeInBytes;
    if (this.#syncedBytes >= bytes) return;
    await this.#directory.volume.files.use(this.path, "write", (file) =>
      this.#directory.volume.datasync(file),
    );
    this.#syncedBytes = Math.max(this.#syncedBytes, bytes);
  }

  /** Brings the index files up to date, durably. */
  async saveIndexes(): Promise<void> {
    if (this.#indexes?.isDirty !== true) return;
    const bytes = this.#sizeInBytes;
    await this.#indexes.save(this.stem, this.#directory.volume);
    this.#indexedBytes = bytes;
  }

  /**
   * Whether the index files are to be saved before a recovery point is noted. Files that are only
   * behind may wait; those that hold entries of batches which were cut off would lead a start astray.
   */
  get mustSaveIndexes(): boolean {
    if (this.#indexes?.isDirty !== true) return false;
    const lagBytes = this.#sizeInBytes - this.#indexedBytes;
    return this.#isSealed || lagBytes >= INDEX_LAG_BYTES_MAX || this.#indexes.isContradicted;
  }

  /** The segment becomes one of the past: its time index ends with its greatest timestamp. */
  seal(): void {
    this.#activeIndexes().seal();
    this.#isSealed = true;
  }

  /** Lets the indexes of a sealed segment, once saved, be dropped from memory. */
  releaseIndexes(): void {
    const indexes = this.#indexes;
    if (indexes === undefined || indexes.isDirty) return;
    this.#indexes = undefined;
    void this.#directory.indexCache.get(this.stem, async () => indexes);
  }

  /** In memory, from the files, or rebuilt when the files are missing or wrong. */
  async indexes(): Promise<SegmentIndexes> {
    if (this.#indexes !== undefined) return this.#indexes;
    return await this.#directory.indexCache.get(this.stem, async () => {
      const place = { baseOffset: this.baseOffset, stem: this.stem };
      const indexes = await SegmentIndexes.read(place, this.#directory.volume.fileSystem);
      if (await this.#confirms(indexes)) return indexes;
      const rebuilt = await this.#scanIndexes();
      rebuilt.seal();
      await rebuilt.save(this.stem, this.#directory.volume);
      return rebuilt;
    });
  }

  /** The batch that contains `offset`, or the first one above it. */
  async findBatch(offset: Offset): Promise<FoundBatch | undefined> {
    return await findBatch(offset, await this.indexes(), this.#sizeInBytes, (task) =>
      this.read(task),
    );
  }

  /**
   * Builds the indexes anew from the batches, whose checksums are verified on the way. From the
   * log's queue only.
   *
   * @throws ZoologError CORRUPT_MESSAGE when the batches are the ones that are damaged.
   */
  async rebuildIndexes(): Promise<void> {
    const isActive = this.#indexes !== undefined;
    const indexes = await this.#scanIndexes();
    this.#directory.indexCache.drop(this.stem);
    if (!isActive) indexes.seal();
    this.#indexes = indexes;
    await this.saveIndexes();
    if (!isActive) this.releaseIndexes();
  }

  /** Greatest timestamp of its records; `undefined` when they carry none. */
  async largestTimestamp(): Promise<Timestamp | undefined> {
    return (await this.indexes()).newest?.timestamp;
  }

  /** Runs `task` with the open file. */
  read<T>(task: (file: FileHandle) => Promise<T>): Promise<T> {
    return this.#directory.volume.files.use(this.path, "read", task);
  }

  /**
   * Cuts the segment at `position`, where the batch that holds `offset` begins. It becomes the
   * active one.
   */
  async truncateTo(cut: { readonly position: number; readonly offset: Offset }): Promise<void> {
    const indexes = this.#indexes ?? (await this.indexes());
    this.#directory.indexCache.drop(this.stem);
    this.#indexes = indexes;
    indexes.offsets.truncateTo(cut.offset);
    indexes.rewindTo(indexes.offsets.count);
    this.#isSealed = false;
    this.#sizeInBytes = cut.position;
    this.#indexedBytes = Math.min(this.#indexedBytes, cut.position);
    this.#syncedBytes = Math.min(this.#syncedBytes, cut.position);
    await this.#directory.volume.files.use(this.path, "write", async (file) => {
      await file.truncate(cut.position);
      await this.#directory.volume.datasync(file);
      const from = indexes.offsets.last()?.position ?? 0;
      await this.#addScanned(indexes, file, from);
    });
    this.#syncedBytes = cut.position;
  }

  /** Renames the file, so that no start takes it for a segment; the name says that one was there. */
  async giveUp(): Promise<void> {
    if (this.#isGivenUp) return;
    const { path } = this;
    const { files, fileSystem } = this.#directory.volume;
    const givenUp = `${this.stem}${DELETED_LOG_SUFFIX}`;
    await fileSystem.rename(path, givenUp);
    this.#path = givenUp;
    this.#isGivenUp = true;
    await files.evict(path);
  }

  /** Frees the room of a segment that was given up. */
  async empty(): Promise<void> {
    assert(this.#isGivenUp, "a segment is emptied under its last name");
    await this.#directory.volume.files.use(this.path, "write", (file) => file.truncate(0));
  }

  /** Removes the files; the `.log` first, for without it the others are nothing. */
  async delete(): Promise<void> {
    this.#directory.indexCache.drop(this.stem);
    const indexes = [OFFSET_INDEX_SUFFIX, TIME_INDEX_SUFFIX].map(
      (suffix) => `${this.stem}${suffix}`,
    );
    for (const path of [this.path, ...indexes]) {
      await this.#directory.volume.files.evict(path);
      await this.#directory.volume.fileSystem.remove(path).catch((error: unknown) => {
        if (!isMissing(error)) throw error;
      });
    }
  }

  #confirms(indexes: SegmentIndexes): Promise<boolean> {
    const { sizeInBytes } = this;
    return agreesWithBatches(indexes, this, (offset) =>
      findBatch(offset, indexes, sizeInBytes, (task) => this.read(task)),
    );
  }

  async #scanIndexes(): Promise<SegmentIndexes> {
    const indexes = SegmentIndexes.empty(this.baseOffset);
    await this.read((file) => this.#addScanned(indexes, file, 0));
    return indexes;
  }

  #addScanned(indexes: SegmentIndexes, file: FileHandle, from: number): Promise<void> {
    const { path, baseOffset, sizeInBytes } = this;
    const indexIntervalBytes = this.#indexIntervalBytes;
    return addScanned(indexes, file, { path, baseOffset, sizeInBytes, from, indexIntervalBytes });
  }

  /** Synced, so that whole batches of the failed write cannot come back after a power cut. */
  async #rollBack(file: FileHandle, cause: unknown): Promise<void> {
    try {
      await file.truncate(this.#sizeInBytes);
      await this.#directory.volume.datasync(file);
    } catch (error) {
      throw rollbackFailed(this.path, cause, error);
    }
    this.#syncedBytes = this.#sizeInBytes;
  }

  /** A file that was opened again must still be the one that was written. */
  async #checkEnd(file: FileHandle): Promise<void> {
    const size = await file.size();
    if (size < this.#sizeInBytes) {
      const what = `the file was cut to ${size} bytes by somebody else`;
      const { path, baseOffset: offset } = this;
      throw corruptLog({ path, position: size, offset, what });
    }
    this.#knownHandle = file;
  }

  #activeIndexes(): SegmentIndexes {
    assert(this.#indexes !== undefined, "the active segment has its indexes in memory");
    return this.#indexes;
  }
}
