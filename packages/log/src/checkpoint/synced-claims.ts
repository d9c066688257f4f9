/**
 * Of which logs it is claimed that all that was acknowledged in them was on the disk first, and since
 * when: the broker epoch of the life in which that began (docs/formats/checkpoints.md). A replica that
 * was in sync in that life or a later one has lost nothing to a power cut, whatever its topic's flush
 * setting is by now; without a claim it may have (decision 027).
 */
import {
  type BrokerEpoch,
  brokerEpoch,
  type Offset,
  type TopicPartition,
  topicPartitionKey,
} from "@zoolog/base";
import type { DataVolume } from "../volume/data-volume.ts";
import { Checkpoint } from "./checkpoints.ts";

export class SyncedClaims {
  readonly #checkpoint: Checkpoint;
  #brokerEpoch: BrokerEpoch | undefined;

  constructor(volume: DataVolume) {
    this.#checkpoint = new Checkpoint("syncedSince", volume);
  }

  /** Takes over what the file says. @throws ZoologError CORRUPT_FILE */
  load(): Promise<void> {
    return this.#checkpoint.load();
  }

  since(topicPartition: TopicPartition): BrokerEpoch | undefined {
    const epoch = this.#checkpoint.get(topicPartition);
    return epoch === undefined ? undefined : brokerEpoch(epoch);
  }

  /**
   * By `topicPartitionKey`, of these logs only: the claim of a new one is there before its folder, and
   * the power may have gone in between.
   */
  of(logs: Iterable<string>): ReadonlyMap<string, BrokerEpoch> {
    const there = new Set(logs);
    const claims = new Map<string, BrokerEpoch>();
    for (const topicPartition of this.#checkpoint.topicPartitions) {
      const [key, since] = [topicPartitionKey(topicPartition), this.since(topicPartition)];
      if (since !== undefined && there.has(key)) claims.set(key, since);
    }
    return claims;
  }

  /** The life in which claims are made from now on; before the first call none can be. */
  noteRegistered(epoch: BrokerEpoch): void {
    this.#brokerEpoch = epoch;
  }

  /** Resolves when the disk has what was noted before the call. */
  save(): Promise<void> {
    return this.#checkpoint.save();
  }

  /** False while the broker's epoch is not known: an older one would claim too much. */
  get canBeMade(): boolean {
    return this.#brokerEpoch !== undefined;
  }

  /** Durable when it resolves; after a failure the disk may or may not have it. */
  async make(topicPartition: TopicPartition): Promise<void> {
    if (this.#brokerEpoch === undefined) return;
    this.#checkpoint.set(topicPartition, this.#brokerEpoch as number as Offset);
    await this.#checkpoint.save();
  }

  /** Likewise. */
  async withdraw(topicPartition: TopicPartition): Promise<void> {
    this.#checkpoint.delete(topicPartition);
    await this.#checkpoint.save();
  }
}
