import type { BrokerEpoch, BrokerId, Offset } from "@zoolog/base";

/** Who asks: from its credential, never from the call. */
export type FetchingReplica = {
  readonly brokerId: BrokerId;
  /** Of the registration under which it fetches (KIP-903). */
  readonly brokerEpoch: BrokerEpoch;
};

/** A fetch that the leader has checked: the follower's log is a prefix of the leader's up to there. */
export type FollowerFetch = {
  /** The follower's log end: the offset asked for acknowledges everything before it. */
  readonly fetchOffset: Offset;
  /** The leader's log end when the fetch came. */
  readonly leaderEndOffset: Offset;
  /** The first offset of the follower's log, durably. */
  readonly logStartOffset: Offset;
  readonly brokerEpoch: BrokerEpoch;
  /** Monotonic, milliseconds. */
  readonly now: number;
};

/** How far one follower is, as its leader knows; it begins anew with every leader epoch. */
export class FollowerProgress {
  #endOffset: Offset | undefined;
  #logStartOffset: Offset | undefined;
  #brokerEpoch: BrokerEpoch | undefined;
  #lastCaughtUpAt: number | undefined;
  #lastFetch: { readonly at: number; readonly leaderEndOffset: Offset } | undefined;

  /** @param startedAt for a member of the ISR: the leader takes over that it is caught up. */
  constructor(startedAt: number | undefined) {
    this.#lastCaughtUpAt = startedAt;
  }

  /** `undefined` until it has fetched in this epoch. */
  get endOffset(): Offset | undefined {
    return this.#endOffset;
  }

  /** What lies before it is deleted there; `undefined` until it has fetched in this epoch. */
  get logStartOffset(): Offset | undefined {
    return this.#logStartOffset;
  }

  get brokerEpoch(): BrokerEpoch | undefined {
    return this.#brokerEpoch;
  }

  /** Monotonic; `undefined` until it has fetched in this epoch. */
  get fetchedAt(): number | undefined {
    return this.#lastFetch?.at;
  }

  /**
   * Caught up is who has all that the leader had when it asked, or at least all that the leader had
   * when it asked before: under a steady load a follower never has the very last record.
   */
  fetched(fetch: FollowerFetch): void {
    const { fetchOffset, leaderEndOffset, now } = fetch;
    if (fetchOffset >= leaderEndOffset) this.#lastCaughtUpAt = now;
    else if (this.#lastFetch !== undefined && fetchOffset >= this.#lastFetch.leaderEndOffset) {
      this.#lastCaughtUpAt = Math.max(this.#lastCaughtUpAt ?? 0, this.#lastFetch.at);
    }
    this.#lastFetch = { at: now, leaderEndOffset };
    this.#endOffset = fetchOffset;
    this.#logStartOffset = fetch.logStartOffset;
    this.#brokerEpoch = fetch.brokerEpoch;
  }

  /** It is a member of the ISR from now on. */
  joined(now: number): void {
    this.#lastCaughtUpAt = now;
  }

  /** The leader itself stood still: that nobody fetched meanwhile says nothing of the followers. */
  forgive(now: number): void {
    if (this.#lastCaughtUpAt !== undefined) this.#lastCaughtUpAt = now;
  }

  /** Has everything, or had it `lagTimeMaxMs` ago at most (`replica.lag.time.max.ms`). */
  isCaughtUp(leaderEndOffset: Offset, now: number, lagTimeMaxMs: number): boolean {
    if (this.#endOffset === leaderEndOffset) return true;
    return this.#lastCaughtUpAt !== undefined && now - this.#lastCaughtUpAt <= lagTimeMaxMs;
  }
}
