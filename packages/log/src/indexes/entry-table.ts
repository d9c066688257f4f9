import { assert, type FileHandle, writeFully } from "@zoolog/base";

/** Room for entries of a new table; it doubles when full. */
const ENTRIES_INITIAL = 64;

/**
 * Fixed-size entries in one buffer, in memory and on disk alike: what offset index and time index
 * have in common. Entries are appended in memory and written to the file when asked.
 */
export class EntryTable {
  readonly entryBytes: number;
  #bytes: Buffer;
  #count: number;
  /** Entries from here on differ from the file, or are not in it. */
  #cleanCount: number;
  #cuts = 0;
  /** Bytes of the file; `undefined` when it is not known what is there, if anything. */
  #fileBytes: number | undefined;

  /** @param contents what the file holds; the table takes the whole entries of it over. */
  constructor(entryBytes: number, contents?: Buffer) {
    this.entryBytes = entryBytes;
    this.#bytes = contents ?? Buffer.alloc(0);
    this.#count = Math.floor(this.#bytes.length / entryBytes);
    this.#cleanCount = this.#count;
    this.#fileBytes = contents?.length;
  }

  get count(): number {
    return this.#count;
  }

  /** Memory taken. */
  get sizeInBytes(): number {
    return this.#bytes.length;
  }

  /** For reading entries: entry `i` starts at `i * entryBytes`. Valid until the next append. */
  get bytes(): Buffer {
    return this.#bytes;
  }

  get isDirty(): boolean {
    return this.#cleanCount < this.#count || this.#fileBytes !== this.#count * this.entryBytes;
  }

  /** Whether the file may hold entries that are not, or no longer, those of the table. */
  get isContradicted(): boolean {
    return this.#fileBytes === undefined || this.#fileBytes > this.#cleanCount * this.entryBytes;
  }

  /** Makes room for one more entry and answers where its bytes go in `bytes`. */
  append(): number {
    const position = this.#count * this.entryBytes;
    if (position + this.entryBytes > this.#bytes.length) {
      const size = Math.max(ENTRIES_INITIAL * this.entryBytes, 2 * this.#bytes.length);
      const grown = Buffer.allocUnsafeSlow(size);
      this.#bytes.copy(grown, 0, 0, position);
      this.#bytes = grown;
    }
    this.#count += 1;
    return position;
  }

  truncate(count: number): void {
    assert(count <= this.#count, "a table is only cut");
    this.#count = count;
    this.#cleanCount = Math.min(this.#cleanCount, count);
    this.#cuts += 1;
  }

  /** Makes the file equal to the table. Entries appended meanwhile stay dirty. */
  async writeTo(file: FileHandle): Promise<void> {
    const { entryBytes } = this;
    const [from, to, cuts] = [this.#cleanCount, this.#count, this.#cuts];
    const end = to * entryBytes;
    const fileBytes = this.#fileBytes;
    // Until it is done: a write that fails may have brought some of it.
    this.#fileBytes = undefined;
    if (fileBytes === undefined || fileBytes > end) await file.truncate(end);
    // A copy: the buffer may be appended to, cut and appended again while the write runs.
    const dirty = Buffer.from(this.#bytes.subarray(from * entryBytes, end));
    await writeFully(file, [dirty], from * entryBytes);
    this.#fileBytes = end;
    // Cut meanwhile: what stands above the cut is to be written again.
    if (this.#cuts === cuts) this.#cleanCount = to;
  }
}
