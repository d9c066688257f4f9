/**
 * The sparse map from offsets to file positions of one segment: `<base offset>.index`. Format and
 * invariants: docs/formats/index.md. An entry names the **last** offset of the batch that starts at
 * its position, so a lookup of an offset inside that batch finds the entry before it.
 */
import { assert, type Offset } from "@zoolog/base";
import { EntryTable } from "./entry-table.ts";

const ENTRY_BYTES = 8;
/** Relative offsets and positions are signed 32-bit numbers on disk. */
export const RELATIVE_OFFSET_MAX = 2 ** 31 - 1;

export type IndexEntry = { readonly lastOffset: Offset; readonly position: number };

export class OffsetIndex {
  static readonly entryBytes = ENTRY_BYTES;
  readonly baseOffset: Offset;
  readonly table: EntryTable;

  constructor(baseOffset: Offset, contents?: Buffer) {
    this.baseOffset = baseOffset;
    this.table = new EntryTable(ENTRY_BYTES, contents);
  }

  get count(): number {
    return this.table.count;
  }

  isFull(bytesMax: number): boolean {
    return (this.table.count + 1) * ENTRY_BYTES > bytesMax;
  }

  append(lastOffset: Offset, position: number): void {
    const relative = lastOffset - this.baseOffset;
    assert(relative <= RELATIVE_OFFSET_MAX, "the segment rolls before a relative offset overflows");
    assert(this.count === 0 || relative > this.#relative(this.count - 1), "offsets rise");
    const at = this.table.append();
    this.table.bytes.writeInt32BE(relative, at);
    this.table.bytes.writeInt32BE(position, at + 4);
  }

  /** The last entry whose batch ends at or below `offset`; `undefined` says: from the start. */
  lookup(offset: Offset): IndexEntry | undefined {
    const found = this.#countUpTo(offset - this.baseOffset);
    return found === 0 ? undefined : this.entry(found - 1);
  }

  /**
   * The greatest position of an entry up to `position`: where batches end, so that a read of
   * that far brings no piece of one too many. `undefined` below the first entry.
   */
  positionUpTo(position: number): number | undefined {
    let [low, high] = [0, this.count];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#position(middle) <= position) low = middle + 1;
      else high = middle;
    }
    return low === 0 ? undefined : this.#position(low - 1);
  }

  entry(index: number): IndexEntry {
    return {
      lastOffset: (this.baseOffset + this.#relative(index)) as Offset,
      position: this.#position(index),
    };
  }

  last(): IndexEntry | undefined {
    return this.count === 0 ? undefined : this.entry(this.count - 1);
  }

  /** Drops entries of batches that end at or above `offset`. */
  truncateTo(offset: Offset): void {
    this.table.truncate(this.#countUpTo(offset - 1 - this.baseOffset));
  }

  /** What is wrong with the table, seen alone; a sound one may still lie about the log. */
  fault(): string | undefined {
    const sound = this.soundCount();
    return sound < this.count ? `entry ${sound} does not rise` : undefined;
  }

  /** Keeps the longest beginning that rises, for an index whose end was torn. */
  truncateToSoundPrefix(): void {
    this.table.truncate(this.soundCount());
  }

  /** Entries up to the first one that does not rise, or all. */
  soundCount(): number {
    let [offset, position] = [-1, -1];
    for (let i = 0; i < this.count; i++) {
      const nextOffset = this.#relative(i);
      const nextPosition = this.#position(i);
      if (nextOffset <= offset || nextPosition <= position) return i;
      [offset, position] = [nextOffset, nextPosition];
    }
    return this.count;
  }

  /** Number of entries with a relative offset up to `relative`. */
  #countUpTo(relative: number): number {
    let [low, high] = [0, this.count];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#relative(middle) <= relative) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #position(index: number): number {
    return this.table.bytes.readInt32BE(index * ENTRY_BYTES + 4);
  }

  #relative(index: number): number {
    return this.table.bytes.readInt32BE(index * ENTRY_BYTES);
  }
}
