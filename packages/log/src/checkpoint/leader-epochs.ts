/**
 * Which leader epoch wrote which offsets (KIP-101, KIP-279): the cache that followers reconcile
 * their logs by. No batch in the log has an epoch that is missing here.
 *
 * An epoch that begins is noted in memory and saved with the next flush, not before its first batch:
 * a failover begins an epoch in every partition at once, and must not wait for a sync of each. Nothing
 * is lost by it. A start reads the epochs of what lies above the recovery point from the batches
 * themselves and asks the file for those below alone, and the recovery point stays at or below
 * `unsavedFrom`. An epoch that has not written anything says nothing about any offset of the log, and
 * the leader that needs to know it (KAFKA-7415) notes it anew as it takes office.
 *
 * Worked example: entries (3, 0), (5, 40), log end 90. Epoch 3 ends at 40; 4 was never written, so
 * it ends where 3 does; 5 is the newest and ends at 90; of 6 we know nothing.
 */
import { assert, type LeaderEpoch, type Offset } from "@zoolog/base";
import type { DataVolume } from "../volume/data-volume.ts";
import { LEADER_EPOCH_CHECKPOINT } from "../volume/file-names.ts";
import { type EpochEntry, epochCheckpointText, readEpochCheckpoint } from "./checkpoint-file.ts";

/** Where an epoch ends: the greatest epoch that is not newer than the one asked for. */
export type EpochEndOffset = { readonly epoch: LeaderEpoch; readonly endOffset: Offset };

export class LeaderEpochs {
  readonly #folder: string;
  readonly #volume: DataVolume;
  #entries: readonly EpochEntry[] = [];
  /** What the file says. */
  #saved: readonly EpochEntry[] = this.#entries;

  constructor(options: { readonly folder: string }, dependencies: { readonly volume: DataVolume }) {
    this.#folder = options.folder;
    this.#volume = dependencies.volume;
  }

  /** Takes over what the file says. @throws ZoologError CORRUPT_FILE */
  async load(): Promise<void> {
    const place = { folder: this.#folder, name: LEADER_EPOCH_CHECKPOINT };
    this.#entries = await readEpochCheckpoint({ ...place, fileSystem: this.#volume.fileSystem });
    this.#saved = this.#entries;
  }

  /** In rising order. */
  get entries(): readonly EpochEntry[] {
    return this.#entries;
  }

  /** Where the file is not to be asked: it may know nothing, or something else, from there on. */
  get unsavedFrom(): Offset | undefined {
    if (this.#saved === this.#entries) return undefined;
    const isSame = (entry: EpochEntry, i: number) => sameEntry(entry, this.#saved[i]);
    const same = this.#entries.findIndex((entry, i) => !isSame(entry, i));
    const from = same === -1 ? this.#entries.length : same;
    const starts = [this.#entries[from], this.#saved[from]].flatMap((it) => it?.startOffset ?? []);
    return starts.length === 0 ? undefined : (Math.min(...starts) as Offset);
  }

  get latest(): LeaderEpoch | undefined {
    return this.#entries.at(-1)?.epoch;
  }

  /** The epoch that wrote `offset`, or `undefined` below the first one known. */
  epochForOffset(offset: Offset): LeaderEpoch | undefined {
    return this.#entries.findLast((entry) => entry.startOffset <= offset)?.epoch;
  }

  /**
   * The answer to an `OffsetForLeaderEpoch` request: the greatest epoch up to `epoch` that we know,
   * and where it ends. `undefined` when `epoch` is newer than all we know, or nothing is known.
   */
  endOffsetFor(epoch: LeaderEpoch, logEndOffset: Offset): EpochEndOffset | undefined {
    const latest = this.latest;
    if (latest === undefined || epoch > latest) return undefined;
    if (epoch === latest) return { epoch, endOffset: logEndOffset };
    const next = this.#entries.find((entry) => entry.epoch > epoch);
    assert(next !== undefined, "an epoch below the latest has a successor");
    const floor = this.#entries.findLast((entry) => entry.epoch <= epoch);
    return { epoch: floor?.epoch ?? epoch, endOffset: next.startOffset };
  }

  /**
   * Notes that `epoch` begins at `startOffset`; at election even before its first write
   * (KAFKA-7415). An epoch that is not newer than the latest changes nothing. In memory: see `save`.
   */
  assign(epoch: LeaderEpoch, startOffset: Offset): void {
    const latest = this.latest;
    if (latest !== undefined && epoch <= latest) return;
    // An epoch that never wrote gives its place to the next one that begins at the same offset.
    const before = this.#entries.filter((entry) => entry.startOffset < startOffset);
    this.#entries = [...before, { epoch, startOffset }];
  }

  /**
   * Brings the file up to date. Not beside a change that takes epochs away; beside others it may.
   *
   * @throws ZoologError DISK_FULL: it may be tried again.
   */
  async save(): Promise<void> {
    if (this.#saved !== this.#entries) await this.#write(this.#entries);
  }

  /** Forgets what began at or above `offset`: the records there are gone. */
  async truncateFromEnd(offset: Offset): Promise<void> {
    const kept = this.#entries.filter((entry) => entry.startOffset < offset);
    if (kept.length < this.#entries.length) await this.#replace(kept);
  }

  /**
   * Forgets what ended at or below `offset`; the epoch that spans it then begins there. Epochs may
   * begin meanwhile.
   */
  async truncateFromStart(offset: Offset): Promise<void> {
    const before = this.#entries;
    const kept = keptFrom(before, offset);
    if (kept === before) return;
    await this.#write(kept);
    this.#entries = this.#entries === before ? kept : keptFrom(this.#entries, offset);
  }

  /** Forgets all of them. In memory: see `save`. */
  forget(): void {
    this.#entries = [];
  }

  /** Takes `entries` for the truth; writes the file only when it says something else. */
  async reset(entries: readonly EpochEntry[]): Promise<void> {
    const isSame =
      entries.length === this.#entries.length &&
      entries.every((entry, i) => sameEntry(entry, this.#entries[i]));
    if (isSame) await this.save();
    else await this.#replace(entries);
  }

  /** Memory follows the file: a failed write leaves both as they were, or the file ahead. */
  async #replace(entries: readonly EpochEntry[]): Promise<void> {
    await this.#write(entries);
    this.#entries = entries;
  }

  async #write(entries: readonly EpochEntry[]): Promise<void> {
    const text = epochCheckpointText(entries);
    await this.#volume.writeFile(this.#folder, LEADER_EPOCH_CHECKPOINT, text);
    this.#saved = entries;
  }
}

/** The same array where nothing goes. */
function keptFrom(entries: readonly EpochEntry[], offset: Offset): readonly EpochEntry[] {
  const spanning = entries.findLast((entry) => entry.startOffset <= offset);
  if (spanning === undefined || spanning.startOffset === offset) {
    if (entries[0] === spanning) return entries;
  }
  const kept = entries.filter((entry) => entry.startOffset > offset);
  const first = spanning === undefined ? [] : [{ epoch: spanning.epoch, startOffset: offset }];
  return [...first, ...kept];
}

function sameEntry(a: EpochEntry, b: EpochEntry | undefined): boolean {
  return a.epoch === b?.epoch && a.startOffset === b.startOffset;
}
