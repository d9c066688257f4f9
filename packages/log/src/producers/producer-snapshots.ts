/**
 * The `.snapshot` files of one partition folder. A snapshot named `o` says what the batches below
 * offset `o` made of the producers, so a start replays headers from there only.
 *
 * Invariant: none stands above the log's end, on the disk or waiting to be written. It would be
 * believed once the log had grown past it again, with other batches. So they go, durably, before
 * the log is cut, and a start removes what a power cut has left above the end before anybody
 * appends. A snapshot is a cache: whatever is wrong with one costs a longer replay, never a start.
 */
import type { Logger, Offset } from "@zoolog/base";
import { isMissing } from "../errors.ts";
import type { DataVolume } from "../volume/data-volume.ts";
import { PRODUCER_SNAPSHOT_SUFFIX, segmentBaseOffset, segmentName } from "../volume/file-names.ts";
import type { ProducerEntry } from "./producer-entry.ts";
import { decodeProducerSnapshot, encodeProducerSnapshot } from "./producer-snapshot.ts";

/**
 * Appended since the last one, another is due: bounds what a start after a crash reads for the
 * producers' sake, as the recovery point does for the records'.
 */
const BYTES_BETWEEN = 16 * 1024 * 1024;
/** Waiting for a disk that is full; the oldest gives way. Each is 2.3 MB at most. */
const PENDING_MAX = 8;
/** Removed at a time: segments may have left thousands, and a cut of the log waits for these few. */
const REMOVALS_AT_ONCE = 16;

export type LoadedSnapshot = {
  readonly offset: Offset;
  readonly entries: readonly ProducerEntry[];
};

export class ProducerSnapshots {
  readonly #folder: string;
  readonly #volume: DataVolume;
  readonly #logger: Logger;
  /** Offsets of the files, rising. */
  #offsets: readonly Offset[] = [];
  #bytesSince = 0;
  /** A power cut could bring removed files back. */
  #removalsUnsynced = false;
  /** Taken, not written. */
  #pending: readonly { readonly offset: Offset; readonly bytes: Buffer }[] = [];

  constructor(
    options: { readonly folder: string },
    dependencies: { readonly volume: DataVolume; readonly logger: Logger },
  ) {
    this.#folder = options.folder;
    this.#volume = dependencies.volume;
    this.#logger = dependencies.logger;
  }

  /** Whether there is one at just this offset, written or not. */
  has(offset: Offset): boolean {
    return this.#offsets.includes(offset) || this.#pending.some((taken) => taken.offset === offset);
  }

  appended(bytes: number): void {
    this.#bytesSince += bytes;
  }

  get isDue(): boolean {
    return this.#bytesSince >= BYTES_BETWEEN;
  }

  /** Finds the files. */
  async find(): Promise<void> {
    const names = await this.#volume.fileSystem.readDirectory(this.#folder);
    this.#offsets = names
      .flatMap((name) => segmentBaseOffset(name, PRODUCER_SNAPSHOT_SUFFIX) ?? [])
      .sort((a, b) => a - b);
  }

  /** The newest sound one at or below `offset`, written or not; damaged ones go. */
  async load(offset: Offset): Promise<LoadedSnapshot | undefined> {
    const taken = this.#pending.map((pending) => pending.offset);
    for (const at of [...this.#offsets, ...taken].sort((a, b) => b - a)) {
      if (at > offset) continue;
      const entries = await this.#read(at);
      if (entries !== undefined) return { offset: at, entries };
      this.#logger.warn("producer snapshot is damaged", { path: this.#pathOf(at) });
      await this.#remove([at]);
    }
    return undefined;
  }

  /** Remembers what is to be written; `entries` are those of the log up to `offset`. */
  take(offset: Offset, entries: Iterable<ProducerEntry>): void {
    this.#bytesSince = 0;
    if (this.has(offset)) return;
    const bytes = encodeProducerSnapshot(entries);
    this.#pending = [...this.#pending, { offset, bytes }]
      .sort((a, b) => a.offset - b.offset)
      .slice(-PENDING_MAX);
  }

  /**
   * Writes what was taken, then removes some of what it replaces. Not beside a cut of the log.
   *
   * @throws ZoologError DISK_FULL: it may be tried again.
   */
  async save(segments: readonly { readonly baseOffset: Offset }[]): Promise<void> {
    if (this.#pending.length === 0) return;
    for (const { offset, bytes } of this.#pending) {
      const name = `${segmentName(offset)}${PRODUCER_SNAPSHOT_SUFFIX}`;
      await this.#volume.writeFile(this.#folder, name, bytes);
      this.#pending = this.#pending.filter((other) => other.offset !== offset);
      this.#offsets = [...this.#offsets.filter((other) => other !== offset), offset].sort(
        (a, b) => a - b,
      );
    }
    await this.removeUnused(segments);
  }

  /** The log is about to end at `offset`. Durable when it resolves. */
  async removeAbove(offset: Offset): Promise<void> {
    this.#pending = this.#pending.filter((taken) => taken.offset <= offset);
    await this.#remove(this.#offsets.filter((at) => at > offset));
    if (!this.#removalsUnsynced) return;
    await this.#volume.syncDirectory(this.#folder);
    this.#removalsUnsynced = false;
  }

  /** The log is about to lose all its records. Durable when it resolves. */
  removeAll(): Promise<void> {
    return this.removeAbove(-1 as Offset);
  }

  /** A few of `hasUnused`. */
  async removeUnused(segments: readonly { readonly baseOffset: Offset }[]): Promise<void> {
    await this.#remove(this.#unused(segments).slice(0, REMOVALS_AT_ONCE));
  }

  /** Whether there are others than the newest and those at the beginning of a segment: cuts come back to them. */
  hasUnused(segments: readonly { readonly baseOffset: Offset }[]): boolean {
    return this.#unused(segments).length > 0;
  }

  #unused(segments: readonly { readonly baseOffset: Offset }[]): readonly Offset[] {
    const starts = new Set(segments.map(({ baseOffset }) => baseOffset));
    const newest = this.#offsets.at(-1);
    return this.#offsets.filter((at) => at !== newest && !starts.has(at));
  }

  async #read(offset: Offset): Promise<ProducerEntry[] | undefined> {
    try {
      const taken = this.#pending.find((pending) => pending.offset === offset);
      const bytes = taken?.bytes ?? (await this.#volume.fileSystem.readFile(this.#pathOf(offset)));
      return decodeProducerSnapshot(Buffer.from(bytes));
    } catch (error) {
      this.#logger.warn("producer snapshot cannot be read", { cause: String(error) });
      return undefined;
    }
  }

  async #remove(offsets: readonly Offset[]): Promise<void> {
    for (const offset of offsets) {
      this.#removalsUnsynced = true;
      await this.#volume.fileSystem.remove(this.#pathOf(offset)).catch((error: unknown) => {
        if (!isMissing(error)) throw error;
      });
      this.#offsets = this.#offsets.filter((other) => other !== offset);
    }
  }

  #pathOf(offset: Offset): string {
    return `${this.#folder}/${segmentName(offset)}${PRODUCER_SNAPSHOT_SUFFIX}`;
  }
}
