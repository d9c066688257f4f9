import { type Offset, type TopicPartition, topicPartitionKey } from "@zoolog/base";
import type { DataVolume } from "../volume/data-volume.ts";
import {
  HIGH_WATERMARK_CHECKPOINT,
  LOG_START_CHECKPOINT,
  RECOVERY_POINT_CHECKPOINT,
  SYNCED_SINCE_CHECKPOINT,
} from "../volume/file-names.ts";
import { GroupCommit } from "../volume/group-commit.ts";
import { type OffsetEntry, offsetCheckpointText, readOffsetCheckpoint } from "./checkpoint-file.ts";

export type CheckpointKind = "recoveryPoint" | "logStartOffset" | "highWatermark" | "syncedSince";

const FILE_NAMES: Readonly<Record<CheckpointKind, string>> = {
  recoveryPoint: RECOVERY_POINT_CHECKPOINT,
  logStartOffset: LOG_START_CHECKPOINT,
  highWatermark: HIGH_WATERMARK_CHECKPOINT,
  syncedSince: SYNCED_SINCE_CHECKPOINT,
};

/**
 * One of the checkpoints of a data folder: one file for all of its partitions. `syncedSince` has broker
 * epochs where the three others have offsets (`SyncedClaims`).
 *
 * Invariant: a recovery point in the file is never above what the disk has of that log. So it is
 * saved after the sync that justifies it, and lowered in the file **before** the log is cut.
 */
export class Checkpoint {
  readonly #volume: DataVolume;
  readonly #name: string;
  readonly #saves = new GroupCommit(() => this.#write());
  #entries = new Map<string, OffsetEntry>();
  #isDirty = false;

  constructor(kind: CheckpointKind, volume: DataVolume) {
    this.#volume = volume;
    this.#name = FILE_NAMES[kind];
  }

  /** Takes over what the file says. @throws ZoologError CORRUPT_FILE */
  async load(): Promise<void> {
    const { fileSystem, path: folder } = this.#volume;
    this.#entries = await readOffsetCheckpoint({ fileSystem, folder, name: this.#name });
  }

  /** The partitions that it names. */
  get topicPartitions(): TopicPartition[] {
    return [...this.#entries.values()].map((entry) => entry.topicPartition);
  }

  get(topicPartition: TopicPartition): Offset | undefined {
    return this.#entries.get(topicPartitionKey(topicPartition))?.offset;
  }

  /** Notes an offset for the next `save`. */
  set(topicPartition: TopicPartition, offset: Offset): void {
    const key = topicPartitionKey(topicPartition);
    if (this.#entries.get(key)?.offset === offset) return;
    this.#entries.set(key, { topicPartition, offset });
    this.#isDirty = true;
  }

  delete(topicPartition: TopicPartition): void {
    if (this.#entries.delete(topicPartitionKey(topicPartition))) this.#isDirty = true;
  }

  /** Resolves when the file holds everything noted before the call. */
  save(): Promise<void> {
    return this.#saves.request();
  }

  async #write(): Promise<void> {
    if (!this.#isDirty) return;
    this.#isDirty = false;
    try {
      const text = offsetCheckpointText(this.#entries.values());
      await this.#volume.writeFile(this.#volume.path, this.#name, text);
    } catch (error) {
      this.#isDirty = true;
      throw error;
    }
  }
}
