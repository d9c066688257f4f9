/**
 * The sparse map from timestamps to offsets of one segment: `<base offset>.timeindex`. Format:
 * docs/formats/index.md. An entry (t, o) says: up to and including the batch that ends at o, no
 * record of the segment is newer than t, and that batch holds one of exactly t.
 */
import { assert, type Offset, type Timestamp } from "@zoolog/base";
import { EntryTable } from "./entry-table.ts";

const ENTRY_BYTES = 12;

export type TimeIndexEntry = { readonly timestamp: Timestamp; readonly lastOffset: Offset };

export class TimeIndex {
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

  /** Appends unless the newest entry is as new: timestamps in the file rise strictly. */
  appendIfNewer(entry: TimeIndexEntry): void {
    if (entry.timestamp < 0) return;
    if (this.count > 0 && entry.timestamp <= this.#timestamp(this.count - 1)) return;
    const relative = entry.lastOffset - this.baseOffset;
    assert(this.count === 0 || relative > this.#relative(this.count - 1), "offsets rise with time");
    const at = this.table.append();
    writeInt64(this.table.bytes, entry.timestamp, at);
    this.table.bytes.writeInt32BE(relative, at + 8);
  }

  /** The last entry older than `timestamp`: records that new can only follow its batch. */
  lookupBefore(timestamp: Timestamp): TimeIndexEntry | undefined {
    let [low, high] = [0, this.count];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#timestamp(middle) < timestamp) low = middle + 1;
      else high = middle;
    }
    return low === 0 ? undefined : this.entry(low - 1);
  }

  entry(index: number): TimeIndexEntry {
    return {
      timestamp: this.#timestamp(index) as Timestamp,
      lastOffset: (this.baseOffset + this.#relative(index)) as Offset,
    };
  }

  last(): TimeIndexEntry | undefined {
    return this.count === 0 ? undefined : this.entry(this.count - 1);
  }

  /** Drops entries of batches that end at or above `offset`. */
  truncateTo(offset: Offset): void {
    let count = this.count;
    while (count > 0 && this.entry(count - 1).lastOffset >= offset) count -= 1;
    this.table.truncate(count);
  }

  /** What is wrong with the table, seen alone. */
  fault(): string | undefined {
    return this.soundCount() < this.count ? `entry ${this.soundCount()} does not rise` : undefined;
  }

  /** Keeps the longest beginning that rises, for an index whose end was torn. */
  truncateToSoundPrefix(): void {
    this.table.truncate(this.soundCount());
  }

  /** Entries up to the first one that does not rise, or all. */
  soundCount(): number {
    let [timestamp, offset] = [-1, -1];
    for (let i = 0; i < this.count; i++) {
      const nextTimestamp = this.#timestamp(i);
      const nextOffset = this.#relative(i);
      const rises = nextTimestamp > timestamp && nextOffset > offset;
      if (!rises || !Number.isSafeInteger(nextTimestamp)) return i;
      [timestamp, offset] = [nextTimestamp, nextOffset];
    }
    return this.count;
  }

  #timestamp(index: number): number {
    const at = index * ENTRY_BYTES;
    const { bytes } = this.table;
    return bytes.readInt32BE(at) * 0x1_0000_0000 + bytes.readUInt32BE(at + 4);
  }

  #relative(index: number): number {
    return this.table.bytes.readInt32BE(index * ENTRY_BYTES + 8);
  }
}

function writeInt64(bytes: Buffer, value: number, at: number): void {
  bytes.writeInt32BE(Math.floor(value / 0x1_0000_0000), at);
  bytes.writeUInt32BE(value % 0x1_0000_0000, at + 4);
}
