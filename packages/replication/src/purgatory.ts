import type { Clock, Scheduler, Timer } from "@zoolog/base";
import { DeadlineHeap, type HeapEntry } from "./deadline-heap.ts";

/** A request that waits for a condition or its deadline; exactly one of the two answers it. */
export interface ParkedOperation {
  /**
   * Looks whether the condition holds now; when it does, answers the request and returns true. Must
   * be cheap and synchronous: it runs on every event of every key that the operation watches.
   */
  tryComplete(): boolean;
  /** Answers the request at its deadline. */
  expire(): void;
}

export type ParkOutcome = "completed" | "parked" | "full";

/** Keys that an operation may watch on average: one fetch may name thousands of partitions. */
const WATCHES_PER_OPERATION = 50;

type Parked = HeapEntry & {
  readonly operation: ParkedOperation;
  readonly keys: readonly string[];
};

/**
 * Where requests wait: an `acks=all` produce for the high watermark, a fetch for bytes. Whoever
 * moves the thing they wait for calls `check` with the key of the partition.
 *
 * One timer serves all deadlines, and there is no lost wake-up: `park` looks at the condition in the
 * same turn in which it starts to watch.
 */
export class Purgatory {
  readonly #operationsMax: number;
  readonly #watchesMax: number;
  #watches = 0;
  readonly #clock: Clock;
  readonly #scheduler: Scheduler;
  readonly #watchers = new Map<string, Set<Parked>>();
  readonly #deadlines = new DeadlineHeap<Parked>();
  #timer: { readonly timer: Timer; readonly due: number } | undefined;
  #closed = false;

  /** @param options.operationsMax parked operations; one more is refused as `"full"`. */
  constructor(
    options: { readonly operationsMax: number },
    dependencies: { readonly clock: Clock; readonly scheduler: Scheduler },
  ) {
    this.#operationsMax = options.operationsMax;
    this.#watchesMax = options.operationsMax * WATCHES_PER_OPERATION;
    this.#clock = dependencies.clock;
    this.#scheduler = dependencies.scheduler;
  }

  /** Operations that wait now. */
  get size(): number {
    return this.#deadlines.size;
  }

  /**
   * Completes the operation at once when its condition holds, else keeps it until `check` finds that
   * it does or `deadline` (monotonic clock, milliseconds) passes. `"full"` leaves it unanswered:
   * the caller refuses it.
   */
  park(
    operation: ParkedOperation,
    options: { readonly keys: readonly string[]; readonly deadline: number },
  ): ParkOutcome {
    if (operation.tryComplete()) return "completed";
    if (this.#closed || options.deadline <= this.#clock.monotonic()) {
      operation.expire();
      return "completed";
    }
    if (this.#deadlines.size >= this.#operationsMax) return "full";
    if (this.#watches + options.keys.length > this.#watchesMax) return "full";
    const parked = { operation, keys: options.keys, deadline: options.deadline, heapIndex: -1 };
    for (const key of parked.keys) this.#watch(key, parked);
    this.#watches += parked.keys.length;
    this.#deadlines.add(parked);
    this.#armTimer();
    return "parked";
  }

  /** Looks again at everything that watches `key`; answers how many operations completed. */
  check(key: string): number {
    const watching = this.#watchers.get(key);
    if (watching === undefined) return 0;
    let completed = 0;
    for (const parked of watching) {
      if (!parked.operation.tryComplete()) continue;
      this.#forget(parked);
      completed += 1;
    }
    return completed;
  }

  /** Expires everything that waits. Later `park` calls are answered at once. Idempotent. */
  close(): void {
    this.#closed = true;
    this.#expireUntil(Number.POSITIVE_INFINITY);
    this.#timer?.timer.cancel();
    this.#timer = undefined;
  }

  #watch(key: string, parked: Parked): void {
    const watching = this.#watchers.get(key);
    if (watching === undefined) this.#watchers.set(key, new Set([parked]));
    else watching.add(parked);
  }

  #forget(parked: Parked): void {
    this.#deadlines.remove(parked);
    this.#watches -= parked.keys.length;
    for (const key of parked.keys) {
      const watching = this.#watchers.get(key);
      watching?.delete(parked);
      if (watching?.size === 0) this.#watchers.delete(key);
    }
  }

  #expireUntil(now: number): void {
    for (;;) {
      const first = this.#deadlines.first;
      if (first === undefined || first.deadline > now) return;
      this.#forget(first);
      // The condition may have come true without an event (a role lost, a closed log): ask once more.
      if (!first.operation.tryComplete()) first.operation.expire();
    }
  }

  /**
   * A timer that is armed for an operation answered meanwhile is left to fire: it finds nothing due
   * and arms the next. So a request that is answered early costs no timer at all.
   */
  #armTimer(): void {
    const first = this.#deadlines.first;
    if (first === undefined || (this.#timer !== undefined && this.#timer.due <= first.deadline)) {
      return;
    }
    this.#timer?.timer.cancel();
    const due = first.deadline;
    const delayMs = Math.max(0, Math.ceil(due - this.#clock.monotonic()));
    const timer = this.#scheduler.after(delayMs, () => {
      this.#timer = undefined;
      this.#expireUntil(this.#clock.monotonic());
      this.#armTimer();
    });
    this.#timer = { timer, due };
  }
}
