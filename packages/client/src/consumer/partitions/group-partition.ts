import { type Deferred, deferred, type LeaderEpoch, type TopicPartition } from "@zoolog/base";
import { quietAbortController } from "../../abort.ts";
import type { OffsetPoint } from "../../offsets.ts";
import { AssignedPartition } from "../../reader/assigned-partition.ts";
import type { Topic } from "../../topic.ts";
import { HandledOffsets } from "./handled-offsets.ts";

/**
 * One partition that a member has been given.
 *
 * Invariant: `committed ≤ handled ≤ position`, as long as nobody seeks back; only `handled` is ever
 * committed.
 */
export class GroupPartition<K, V> {
  readonly topic: Topic<K, V>;
  readonly topicId: string;
  readonly source: AssignedPartition;
  /** Offset of the next record that is not handled; `undefined` before the start is known. */
  handled: number | undefined;
  /** Of the last handled record. */
  handledEpoch: LeaderEpoch | undefined;
  /** What the coordinator was told last. */
  committed: number | undefined;
  /** Goes beside each offset that is committed. */
  metadata: string | undefined;
  /** Records that were handed out and are neither handled nor given back. */
  handling = 0;
  /** How often somebody has sought: records from before do not count as handled any more. */
  seeks = 0;
  /** Given up: nothing more is handed out. */
  isRevoked = false;
  /** Records that are handled at the same time; a seek makes a new one. */
  window = new HandledOffsets();
  readonly #revoking = quietAbortController();
  #idle: Deferred<void> | undefined;

  constructor(tp: TopicPartition, topic: Topic<K, V>, topicId: string) {
    this.topic = topic;
    this.topicId = topicId;
    this.source = new AssignedPartition(tp, { at: "start" });
    // What the group has handled of lost records is not handled in the new history.
    this.source.onRewind = (offset, leaderEpoch) => this.#countFrom(offset, leaderEpoch);
  }

  get topicPartition(): TopicPartition {
    return this.source.topicPartition;
  }

  /** Aborted when the partition is given up or lost. */
  get signal(): AbortSignal {
    return this.#revoking.signal;
  }

  /**
   * Reads, and counts as handled, from here on.
   *
   * @param leaderEpoch of the record before it, as it was read; `undefined`: whatever stands there.
   */
  beginAt(offset: number, leaderEpoch?: LeaderEpoch): void {
    this.#countFrom(offset, leaderEpoch);
    this.seek({ at: "offset", offset });
  }

  /** Drops what was fetched; reading goes on there, without a look at the log's bounds. */
  seek(point: OffsetPoint & { readonly at: "offset" }): void {
    const isBehindHandled = point.offset === this.handled;
    this.source.seek(point);
    this.source.beginAt(point.offset, isBehindHandled ? this.handledEpoch : undefined);
  }

  #countFrom(offset: number, leaderEpoch: LeaderEpoch | undefined): void {
    this.seeks += 1;
    this.handled = offset;
    this.handledEpoch = leaderEpoch;
    this.window = new HandledOffsets();
  }

  revoke(reason: unknown): void {
    this.isRevoked = true;
    this.#revoking.abort(reason);
  }

  /** A record was handed out and is done with, handled or not. */
  released(): void {
    this.handling -= 1;
    if (this.handling === 0) this.#idle?.resolve();
  }

  /** Resolves when nothing of it is being handled. */
  idle(): Promise<void> {
    if (this.handling === 0) return Promise.resolve();
    this.#idle ??= deferred();
    return this.#idle.promise;
  }
}
