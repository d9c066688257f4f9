import { SerialQueue } from "@zoolog/base";

/** Rounds and exclusive tasks that may wait; requests join a waiting round, so few ever do. */
const WAITING_MAX = 1024;

/**
 * Runs one task for many who want it: every request is covered by a run that **began after** it.
 * While a run is in flight all new requests wait for one and the same next run. For fdatasync: what
 * was written before the request is on the disk when the request resolves.
 */
export class GroupCommit {
  readonly #task: () => Promise<void>;
  readonly #queue = new SerialQueue({ waitingMax: WAITING_MAX });
  /** The run that has not begun yet. */
  #next: Promise<void> | undefined;

  constructor(task: () => Promise<void>) {
    this.#task = task;
  }

  /** Settles as the run does. */
  request(): Promise<void> {
    this.#next ??= this.#queue.run(() => {
      this.#next = undefined;
      return this.#task();
    });
    return this.#next;
  }

  /** Runs something else while no run is in flight. */
  exclusive<T>(task: () => Promise<T>): Promise<T> {
    return this.#queue.run(task);
  }
}
