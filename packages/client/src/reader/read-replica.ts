import type { BrokerId, LeaderEpoch } from "@zoolog/base";

/** A replica that the leader of an epoch has named (KIP-392). */
export type NamedReplica = {
  readonly brokerId: BrokerId;
  readonly leaderEpoch: LeaderEpoch;
  /** By the monotonic clock, ms: then the leader is asked again. */
  readonly until: number;
};

/**
 * How long a partition stays with its leader after another replica has refused it, ms. The leader
 * would name the same one at once, and both would send us to and fro.
 */
const STAY_WITH_LEADER_MS = 10_000;

/** Which replica of a partition is read: the leader, or the one that it has named instead. */
export class ReadReplica {
  #named: NamedReplica | undefined;
  #stayUntil = 0;

  get named(): NamedReplica | undefined {
    return this.#named;
  }

  /**
   * Who is to be asked instead of the leader.
   *
   * @param leaderEpoch as known; a leader of another epoch has named nobody. `undefined`: unknown,
   *   and the replica serves on while somebody is elected.
   */
  at(now: number, leaderEpoch: LeaderEpoch | undefined): NamedReplica | undefined {
    const named = this.#named;
    if (named === undefined) return undefined;
    const isOfEpoch = leaderEpoch === undefined || leaderEpoch === named.leaderEpoch;
    if (now >= named.until || !isOfEpoch) this.#named = undefined;
    return this.#named;
  }

  enter(named: NamedReplica): void {
    this.#named = named;
  }

  /** It refused, was silent, or cannot be found. */
  leave(now: number): void {
    this.#named = undefined;
    this.#stayUntil = now + STAY_WITH_LEADER_MS;
  }

  mayLeaveLeader(now: number): boolean {
    return now >= this.#stayUntil;
  }
}
