import { type Clock, type LeaderEpoch, type Scheduler, sleep } from "@zoolog/base";
import type { ReaderRecord } from "../../reader/reader-record.ts";
import type { Membership } from "../membership/membership.ts";
import type { OpenBatch, RecordSupply } from "./record-supply.ts";

export type RecordWalkDependencies<K, V> = {
  readonly supply: RecordSupply<K, V>;
  readonly membership: Membership;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  /** @throws why the consumer has ended or failed. */
  readonly throwIfEnded: () => void;
};

/**
 * A loop that never waits for anything but records keeps the event loop to itself: heartbeats, and
 * answers to them, get a turn so often, ms.
 */
const TURN_EVERY_MS = 20;
/** How often a lease that has run out is looked at again: its end is about to be noticed, ms. */
const LEASE_POLL_MS = 20;

/**
 * Hands records out one by one, to a single loop. The one in hand counts as handled when the next is
 * asked for; a record that is given back is handed out again.
 */
export class RecordWalk<K, V> {
  readonly #dependencies: RecordWalkDependencies<K, V>;
  #open: OpenBatch<K, V> | undefined;
  #hand: { readonly record: ReaderRecord<K, V>; readonly open: OpenBatch<K, V> } | undefined;
  #givenBack: { readonly record: ReaderRecord<K, V>; readonly open: OpenBatch<K, V> } | undefined;
  /** By the monotonic clock, ms: until then records go out without a look around. */
  #freeUntil = Number.NEGATIVE_INFINITY;

  constructor(dependencies: RecordWalkDependencies<K, V>) {
    this.#dependencies = dependencies;
  }

  /** A record that is there already. Does not wait; `undefined`: ask `next`. */
  nextAtOnce(): ReaderRecord<K, V> | undefined {
    this.settle();
    const open = this.#open;
    if (open === undefined || this.#givenBack !== undefined) return undefined;
    if (!this.isFree) return undefined;
    return this.#nextOf(open);
  }

  /** @throws why reading ends. */
  async next(): Promise<ReaderRecord<K, V>> {
    this.settle();
    for (;;) {
      await this.mayGoOn();
      const again = this.#takeBack();
      if (again !== undefined) return again;
      this.#open ??= this.#dependencies.supply.take();
      if (this.#open === undefined) await this.#dependencies.supply.wait();
      else {
        const record = this.#nextOf(this.#open);
        if (record !== undefined) return record;
      }
    }
  }

  /** A whole batch. The one before it must have been settled. */
  async nextBatch(): Promise<OpenBatch<K, V>> {
    for (;;) {
      await this.mayGoOn();
      const open = this.#dependencies.supply.take();
      if (open !== undefined) return open;
      await this.#dependencies.supply.wait();
    }
  }

  /** `mayGoOn` would not wait. */
  get isFree(): boolean {
    return this.#dependencies.clock.monotonic() < this.#freeUntil;
  }

  /** Nobody else can have been given the partitions. */
  get isLeased(): boolean {
    const { clock, membership } = this.#dependencies;
    return clock.monotonic() < membership.leaseUntil;
  }

  /**
   * Waits while the lease has run out; lets everybody else have the event loop now and then.
   *
   * @param hasMore whether something is to be handed out that was taken before.
   */
  async mayGoOn(hasMore: () => boolean = () => false): Promise<void> {
    const { clock, membership, scheduler, throwIfEnded } = this.#dependencies;
    throwIfEnded();
    if (this.isFree) return;
    await new Promise<void>((resolve) => scheduler.soon(resolve));
    throwIfEnded();
    // A process that was frozen finds out here that its time is over.
    while (!this.isLeased && (this.#hasSomething() || hasMore())) {
      await sleep(scheduler, LEASE_POLL_MS);
      throwIfEnded();
    }
    this.#freeUntil = Math.min(clock.monotonic() + TURN_EVERY_MS, membership.leaseUntil);
  }

  /** The same for a record that is tried again. @param isWanted otherwise nothing is waited for. */
  async untilLeased(isWanted: () => boolean): Promise<void> {
    const { scheduler } = this.#dependencies;
    while (!this.isLeased && isWanted()) await sleep(scheduler, LEASE_POLL_MS);
  }

  /** The record in hand is handled. */
  settle(): void {
    const hand = this.#hand;
    if (hand === undefined) return;
    this.#hand = undefined;
    const { partition } = hand.open;
    handled(hand.open, hand.record.offset + 1);
    partition.released();
  }

  /** The record in hand is not handled: the next loop gets it again. */
  giveBack(): void {
    const hand = this.#hand;
    if (hand === undefined) return;
    this.#hand = undefined;
    this.#givenBack = hand;
    hand.open.partition.released();
  }

  /** Gives everything back that was taken and not handed out: another way of reading begins. */
  reset(): void {
    this.giveBack();
    const open = this.#open;
    this.#open = undefined;
    this.#rewindGivenBack();
    if (open === undefined || !isCurrent(open)) return;
    const { partition } = open;
    partition.seek({ at: "offset", offset: partition.source.position });
    this.#dependencies.supply.renew();
  }

  #hasSomething(): boolean {
    const { supply } = this.#dependencies;
    return this.#open !== undefined || this.#givenBack !== undefined || supply.isReady;
  }

  #nextOf(open: OpenBatch<K, V>): ReaderRecord<K, V> | undefined {
    const { partition } = open;
    if (!isCurrent(open)) {
      this.#open = undefined;
      return undefined;
    }
    const next = open.records.next();
    if (next.done === true) {
      this.#open = undefined;
      endOf(open);
      return undefined;
    }
    partition.source.position = next.value.offset + 1;
    return this.#handOut(next.value, open);
  }

  #handOut(record: ReaderRecord<K, V>, open: OpenBatch<K, V>): ReaderRecord<K, V> {
    this.#hand = { record, open };
    open.partition.handling += 1;
    return record;
  }

  #takeBack(): ReaderRecord<K, V> | undefined {
    const given = this.#givenBack;
    if (given === undefined) return undefined;
    if (!isCurrent(given.open)) {
      this.#rewindGivenBack();
      return undefined;
    }
    this.#givenBack = undefined;
    return this.#handOut(given.record, given.open);
  }

  /** Batches begin at the record that was given back: it is read anew. */
  #rewindGivenBack(): void {
    const given = this.#givenBack;
    this.#givenBack = undefined;
    if (given === undefined || !isWanted(given.open)) return;
    given.open.partition.seek({ at: "offset", offset: given.record.offset });
    this.#open = undefined;
    this.#dependencies.supply.renew();
  }
}

/** Nobody has sought, and the partition is still ours to read. */
export function isCurrent<K, V>({ generation, partition }: OpenBatch<K, V>): boolean {
  return !partition.isRevoked && partition.source.generation === generation;
}

/** The same, but what was fetched may have been dropped: what is given back is to be read anew. */
export function isWanted<K, V>({ partition, seeks }: OpenBatch<K, V>): boolean {
  return !partition.isRevoked && partition.seeks === seeks;
}

/** Behind the last record there may be offsets without one: they are handled, too. */
export function endOf<K, V>(open: OpenBatch<K, V>): void {
  const { batch, leaderEpoch, partition } = open;
  const { handling, source, window } = partition;
  source.position = batch.nextOffset;
  if (window.size > 0) window.pass(batch.nextOffset, leaderEpoch);
  else if (handling === 0) handled(open, batch.nextOffset);
}

/**
 * Everything before `next` is handled, unless somebody has sought since.
 *
 * @param last the record before it: of this batch, or of one that was handled before its turn.
 */
export function handled<K, V>(
  open: OpenBatch<K, V>,
  next: number,
  last: { readonly leaderEpoch: LeaderEpoch | undefined } = open,
): void {
  const { partition, seeks } = open;
  if (partition.seeks !== seeks) return;
  partition.handled = next;
  partition.handledEpoch = last.leaderEpoch;
}
