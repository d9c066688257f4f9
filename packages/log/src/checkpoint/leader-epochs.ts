/**
 * Which leader epoch wrote which offsets (KIP-101, KIP-279): the cache that followers reconcile
 * their logs by. The file is the truth after a restart, so it is on disk before a batch of a new
 * epoch is written, and no batch in the log has an epoch that is missing here.
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

  constructor(options: { readonly folder: string }, dependencies: { readonly volume: DataVolume }) {
    this.#folder = options.folder;
    this.#volume = dependencies.volume;
  }

  /** Takes over what the file says. @throws ZoologError CORRUPT_FILE */
  async load(): Promise<void> {
    const place = { folder: this.#folder, name: LEADER_EPOCH_CHECKPOINT };
    this.#entries = await readEpochCheckpoint({ ...place, fileSystem: this.#volume.fileSystem });
  }

  /** In rising order. */
  get entries(): readonly EpochEntry[] {
    return this.#entries;
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
   * (KAFKA-7415). An epoch that is not newer than the latest changes nothing.
   */
  async assign(epoch: LeaderEpoch, startOffset: Offset): Promise<void> {
    const latest = this.latest;
    if (latest !== undefined && epoch <= latest) return;
    // An epoch that never wrote gives its place to the next one that begins at the same offset.
    const before = this.#entries.filter((entry) => entry.startOffset < startOffset);
    await this.#replace([...before, { epoch, startOffset }]);
  }

  /** Forgets what began at or above `offset`: the records there are gone. */
  async truncateFromEnd(offset: Offset): Promise<void> {
    const kept = this.#entries.filter((entry) => entry.startOffset < offset);
    if (kept.length < this.#entries.length) await this.#replace(kept);
  }

  /** Forgets what ended at or below `offset`; the epoch that spans it then begins there. */
  async truncateFromStart(offset: Offset): Promise<void> {
    const spanning = this.#entries.findLast((entry) => entry.startOffset <= offset);
    if (spanning === undefined || spanning.startOffset === offset) {
      if (this.#entries[0] === spanning) return;
    }
    const kept = this.#entries.filter((entry) => entry.startOffset > offset);
    const first = spanning === undefined ? [] : [{ epoch: spanning.epoch, startOffset: offset }];
    await this.#replace([...first, ...kept]);
  }

  /** Takes `entries` for the truth; writes the file only when it says something else. */
  async reset(entries: readonly EpochEntry[]): Promise<void> {
    const isSame =
      entries.length === this.#entries.length &&
      entries.every((entry, i) => {
        const known = this.#entries[i];
        return known?.epoch === entry.epoch && known.startOffset === entry.startOffset;
      });
    if (!isSame) await this.#replace(entries);
  }

  /** Memory follows the file: a failed write leaves both as they were, or the file ahead. */
  async #replace(entries: readonly EpochEntry[]): Promise<void> {
    const text = epochCheckpointText(entries);
    await this.#volume.writeFile(this.#folder, LEADER_EPOCH_CHECKPOINT, text);
    this.#entries = entries;
  }
}
