import type { Logger, Offset, Timestamp } from "@zoolog/base";
import {
  entryAfter,
  judgeSequence,
  type ProducerEntry,
  type SequencedBatch,
  type SequenceVerdict,
} from "./producer-entry.ts";

/**
 * Producers that one partition remembers: some 6 MB of memory, a snapshot of 2.3 MB at most. Beyond
 * it those that were silent longest are forgotten, as if their time had expired: a retry of theirs
 * is then no duplicate any more.
 */
export const PRODUCERS_MAX = 10_000;
/** Forgotten at once when there are too many, so that finding the oldest is rare. */
const FORGOTTEN_SHARE = 0.1;

/** What batches that are about to be written make of producers: nothing yet, if that fails. */
export type StagedProducers = Map<number, ProducerEntry>;

/**
 * The idempotent producers of a partition, up to its log end offset. Changes only from within the
 * log's append queue, together with the log end offset.
 */
export class ProducerStates {
  readonly #producersMax: number;
  readonly #logger: Logger;
  readonly #entries = new Map<number, ProducerEntry>();

  constructor(
    options: { readonly producersMax?: number },
    dependencies: { readonly logger: Logger },
  ) {
    this.#producersMax = options.producersMax ?? PRODUCERS_MAX;
    this.#logger = dependencies.logger;
  }

  get size(): number {
    return this.#entries.size;
  }

  entries(): IterableIterator<ProducerEntry> {
    return this.#entries.values();
  }

  get(producerId: number): ProducerEntry | undefined {
    return this.#entries.get(producerId);
  }

  /** What a leader does with the batch, behind those that are staged. */
  judge(batch: SequencedBatch, staged: StagedProducers): SequenceVerdict {
    const { producerId } = batch;
    if (producerId === undefined) return { is: "append" };
    return judgeSequence(staged.get(producerId) ?? this.#entries.get(producerId), batch);
  }

  /** Notes what becomes of the batch's producer once it is written. */
  stage(batch: SequencedBatch, staged: StagedProducers, now: Timestamp): void {
    const { producerId } = batch;
    if (producerId === undefined) return;
    const before = staged.get(producerId) ?? this.#entries.get(producerId);
    const after = entryAfter(before, batch, now);
    if (after !== undefined) staged.set(producerId, after);
  }

  /** The staged batches are in the log. */
  commit(staged: StagedProducers): void {
    for (const [producerId, entry] of staged) this.#entries.set(producerId, entry);
    if (this.#entries.size > this.#producersMax) this.#forgetSilent();
  }

  /** Takes a batch that is in the log already: recovery. */
  replay(batch: SequencedBatch, now: Timestamp): void {
    const { producerId } = batch;
    if (producerId === undefined) return;
    const after = entryAfter(this.#entries.get(producerId), batch, now);
    if (after === undefined) return;
    this.#entries.set(producerId, after);
    if (this.#entries.size > this.#producersMax) this.#forgetSilent();
  }

  /** Forgets everything and remembers what a snapshot says. */
  reset(entries: Iterable<ProducerEntry>): void {
    this.#entries.clear();
    for (const entry of entries) this.#entries.set(entry.producerId, entry);
    if (this.#entries.size > this.#producersMax) this.#forgetSilent();
  }

  /** Forgets who was last heard of `expirationMs` ago or earlier (`producer.id.expiration.ms`). */
  expire(now: Timestamp, expirationMs: number): void {
    for (const [producerId, { lastTimestamp }] of this.#entries) {
      if (now - lastTimestamp >= expirationMs) this.#entries.delete(producerId);
    }
  }

  /** Whether anything is remembered of batches that end at `offset` or above. */
  knowsBatchAt(offset: Offset): boolean {
    for (const { batches } of this.#entries.values()) {
      const last = batches.at(-1);
      if (last !== undefined && last.lastOffset >= offset) return true;
    }
    return false;
  }

  #forgetSilent(): void {
    const bySilence = [...this.#entries.values()].sort((a, b) => a.lastTimestamp - b.lastTimestamp);
    const kept = Math.floor(this.#producersMax * (1 - FORGOTTEN_SHARE));
    for (const { producerId } of bySilence.slice(0, bySilence.length - kept)) {
      this.#entries.delete(producerId);
    }
    const fields = { producers: bySilence.length, kept };
    this.#logger.warn("too many producer ids: the ones silent longest were forgotten", fields);
  }
}
