import type { Random } from "@zoolog/base";

/** What a disk writes as one: a sector is wholly old or wholly new after a power cut. */
const SECTOR_BYTES = 512;
const ZERO_SECTOR = new Uint8Array(SECTOR_BYTES);

/**
 * Changes since a moment: for each sector changed after it, what the sector held at that moment,
 * and the file's size then.
 */
type Layer = {
  readonly id: number;
  readonly size: number;
  readonly before: Map<number, Uint8Array>;
};

/**
 * One file of a simulated disk: the live bytes (the page cache) and, by layers of pre-images, what
 * is known to be on the platter.
 *
 * A sync in flight is a layer boundary: it makes durable what was written before it began, never
 * what is written while it runs. A sync that **fails** marks the pages clean, as Linux does: their
 * bytes stay readable, but no later sync writes them (`#lost`). That is what fools a program which
 * retries a failed fsync.
 */
export class SimulatedFile {
  #live: Buffer = Buffer.alloc(0);
  #size = 0;
  #layers: Layer[] = [{ id: 0, size: 0, before: new Map() }];
  #nextLayer = 1;
  readonly #lost = new Map<number, Uint8Array>();
  modifiedAt = 0;

  get size(): number {
    return this.#size;
  }

  /** A sync has failed on bytes that were not written again since. */
  get hasLostPages(): boolean {
    return this.#lost.size > 0;
  }

  read(target: Uint8Array, position: number): number {
    const end = Math.min(this.#size, position + target.length);
    if (end <= position) return 0;
    target.set(this.#live.subarray(position, end));
    return end - position;
  }

  /** A copy of the live bytes. */
  contents(): Buffer {
    return Buffer.from(this.#live.subarray(0, this.#size));
  }

  write(bytes: Uint8Array, position: number): void {
    if (bytes.length === 0) return;
    const end = position + bytes.length;
    this.#remember(position, end);
    this.#reserve(end);
    this.#live.set(bytes, position);
    this.#size = Math.max(this.#size, end);
  }

  truncate(size: number): void {
    if (size < this.#size) {
      this.#remember(size, this.#size);
      this.#live.fill(0, size, this.#size);
    } else {
      this.#reserve(size);
    }
    this.#size = size;
  }

  /** @returns what `endSync` and `failSync` want back. */
  beginSync(): number {
    const id = this.#nextLayer++;
    this.#layers.push({ id, size: this.#size, before: new Map() });
    return id;
  }

  endSync(id: number): void {
    this.#layers = this.#layers.filter((layer) => layer.id >= id);
  }

  failSync(id: number): void {
    const newer = this.#layers.filter((layer) => layer.id >= id);
    for (const layer of this.#layers) {
      if (layer.id >= id) break;
      for (const [sector, before] of layer.before) {
        // Rewritten while the sync ran: dirty again, so a later sync does write it.
        const rewritten = newer.find((candidate) => candidate.before.has(sector));
        if (rewritten !== undefined) rewritten.before.set(sector, before);
        else if (!this.#lost.has(sector)) this.#lost.set(sector, before);
      }
    }
    this.#layers = newer;
  }

  /**
   * What is left after the power went: each unsynced sector, and the size, is old or new.
   *
   * @param keepUnsynced chance of each unsynced sector to have reached the platter.
   */
  losePower(random: Random, keepUnsynced: number): void {
    const durable = this.#durableSectors();
    const durableSize = this.#layers[0]?.size ?? 0;
    const size = sizeAfterPowerCut(random, keepUnsynced, durableSize, this.#size);
    for (const [sector, before] of durable) {
      const kept = !this.#lost.has(sector) && random.next() < keepUnsynced;
      if (!kept) this.#restore(sector, before);
    }
    this.#reserve(size);
    this.#live.fill(0, size);
    this.#size = size;
    this.#becomeDurable();
  }

  /** Changes bytes behind everybody's back, live and on the platter: bit rot. */
  corrupt(change: (bytes: Buffer) => Buffer): void {
    const changed = change(this.contents());
    this.#live = Buffer.from(changed);
    this.#size = changed.length;
    this.#becomeDurable();
  }

  #becomeDurable(): void {
    this.#layers = [{ id: this.#nextLayer++, size: this.#size, before: new Map() }];
    this.#lost.clear();
  }

  /** Sector → what the platter holds, for every sector where that may differ from the live bytes. */
  #durableSectors(): Map<number, Uint8Array> {
    const durable = new Map(this.#lost);
    for (const layer of this.#layers) {
      for (const [sector, before] of layer.before) {
        if (!durable.has(sector)) durable.set(sector, before);
      }
    }
    return durable;
  }

  #remember(from: number, to: number): void {
    const newest = this.#layers[this.#layers.length - 1]!;
    const last = Math.floor((to - 1) / SECTOR_BYTES);
    for (let sector = Math.floor(from / SECTOR_BYTES); sector <= last; sector++) {
      if (newest.before.has(sector)) continue;
      newest.before.set(sector, this.#lost.get(sector) ?? this.#sector(sector));
      this.#lost.delete(sector);
    }
  }

  #sector(sector: number): Uint8Array {
    const start = sector * SECTOR_BYTES;
    if (start >= this.#size) return ZERO_SECTOR;
    const copy = new Uint8Array(SECTOR_BYTES);
    copy.set(this.#live.subarray(start, Math.min(start + SECTOR_BYTES, this.#size)));
    return copy;
  }

  #restore(sector: number, before: Uint8Array): void {
    this.#reserve((sector + 1) * SECTOR_BYTES);
    this.#live.set(before, sector * SECTOR_BYTES);
  }

  #reserve(size: number): void {
    if (size <= this.#live.length) return;
    const grown = Buffer.alloc(Math.max(size, 2 * this.#live.length, 4 * SECTOR_BYTES));
    grown.set(this.#live);
    this.#live = grown;
  }
}

function sizeAfterPowerCut(
  random: Random,
  keepUnsynced: number,
  durable: number,
  live: number,
): number {
  if (durable === live) return live;
  if (random.next() >= keepUnsynced) return durable;
  if (live < durable || random.next() < 0.5) return live;
  return durable + Math.floor(random.next() * (live - durable));
}
