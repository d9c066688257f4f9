/** One look at a partition's state, where it stands. */
export type StateSeen = {
  readonly partition: number;
  readonly leader: number;
  readonly leaderEpoch: number;
  readonly controllerEpoch: number;
  /** ZooKeeper's number of the write. */
  readonly mzxid: number;
};

/**
 * What must hold of everything that controllers write, whatever is frozen, cut off or killed: epochs
 * only rise, an epoch has one leader, and no controller writes after its successor was elected.
 */
export class EpochRules {
  readonly violations: string[] = [];
  readonly #electedAt = new Map<number, number>();
  readonly #leaderOf = new Map<string, number>();
  readonly #newest = new Map<number, number>();

  /** The epoch of the controllers, and the write that raised it to that. */
  sawController(epoch: number, mzxid: number): void {
    if (!this.#electedAt.has(epoch)) this.#electedAt.set(epoch, mzxid);
  }

  sawState({ partition, leader, leaderEpoch, controllerEpoch, mzxid }: StateSeen): void {
    const newest = this.#newest.get(partition) ?? 0;
    if (leaderEpoch < newest) {
      this.#violated(`the leader epoch of partition ${partition} fell: ${newest}, ${leaderEpoch}`);
    }
    this.#newest.set(partition, Math.max(newest, leaderEpoch));
    if (leader >= 0) {
      const epoch = `${partition} ${leaderEpoch}`;
      const first = this.#leaderOf.get(epoch) ?? leader;
      this.#leaderOf.set(epoch, first);
      if (first !== leader) {
        this.#violated(
          `two leaders of partition ${partition} in epoch ${leaderEpoch}: ${first}, ${leader}`,
        );
      }
    }
    for (const [epoch, electedAt] of this.#electedAt) {
      if (epoch > controllerEpoch && mzxid > electedAt) {
        this.#violated(
          `controller ${controllerEpoch} wrote partition ${partition} (zxid ${mzxid}) after ` +
            `controller ${epoch} was elected (zxid ${electedAt})`,
        );
      }
    }
  }

  #violated(what: string): void {
    if (!this.violations.includes(what)) this.violations.push(what);
  }
}
