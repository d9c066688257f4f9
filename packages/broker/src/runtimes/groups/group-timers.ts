import type { Scheduler, Timer } from "@zoolog/base";
import type { GroupTimer, GroupTimerKey } from "@zoolog/group-coordinator";

export type GroupTimersDependencies = {
  readonly scheduler: Scheduler;
  /**
   * Whether members can be heard at the moment. While ZooKeeper is away every call of theirs is
   * refused, so that nobody may be called silent.
   */
  readonly isHearing: () => boolean;
  readonly onFired: (key: GroupTimerKey) => void;
};

/** The timers of one group, as its core sets them. */
export class GroupTimers {
  readonly #dependencies: GroupTimersDependencies;
  readonly #armed = new Map<GroupTimerKey, { readonly afterMs: number; readonly timer: Timer }>();

  constructor(dependencies: GroupTimersDependencies) {
    this.#dependencies = dependencies;
  }

  set(changes: readonly GroupTimer[]): void {
    for (const change of changes) {
      if (change.type === "arm") this.#arm(change.key, change.afterMs);
      else this.#cancel(change.key);
    }
  }

  /** All begin anew: members that could not be heard get their whole time again. */
  restart(): void {
    for (const [key, { afterMs }] of this.#armed) this.#arm(key, afterMs);
  }

  cancelAll(): void {
    for (const { timer } of this.#armed.values()) timer.cancel();
    this.#armed.clear();
  }

  #arm(key: GroupTimerKey, afterMs: number): void {
    const { scheduler, isHearing, onFired } = this.#dependencies;
    this.#armed.get(key)?.timer.cancel();
    const timer = scheduler.after(afterMs, () => {
      if (!isHearing()) return this.#arm(key, afterMs);
      this.#armed.delete(key);
      onFired(key);
    });
    this.#armed.set(key, { afterMs, timer });
  }

  #cancel(key: GroupTimerKey): void {
    this.#armed.get(key)?.timer.cancel();
    this.#armed.delete(key);
  }
}
