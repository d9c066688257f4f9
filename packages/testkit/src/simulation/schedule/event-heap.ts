import type { Timer } from "@zoolog/base";

/** What is to happen, and the timer that keeps it from happening. */
export class ScheduledEvent implements Timer {
  readonly due: number;
  /** Drawn: decides between actors whose events are due together. */
  readonly rank: number;
  readonly sequence: number;
  readonly actor: string;
  readonly kind: string;
  #run: (() => void) | undefined;
  #heap: EventHeap | undefined;
  #isCancelled = false;

  constructor(
    event: {
      readonly due: number;
      readonly rank: number;
      readonly sequence: number;
      readonly actor: string;
      readonly kind: string;
      readonly run: () => void;
    },
    heap: EventHeap,
  ) {
    this.due = event.due;
    this.rank = event.rank;
    this.sequence = event.sequence;
    this.actor = event.actor;
    this.kind = event.kind;
    this.#run = event.run;
    this.#heap = heap;
  }

  /** Also of one that has happened: who kept it for later can ask. */
  get isCancelled(): boolean {
    return this.#isCancelled;
  }

  cancel(): void {
    if (this.#isCancelled) return;
    this.#isCancelled = true;
    // A time limit of minutes would else keep alive what was done in a millisecond.
    this.#run = undefined;
    this.#heap?.noteCancelled();
  }

  happen(): void {
    const run = this.#run;
    this.#run = undefined;
    this.#heap = undefined;
    run?.();
  }
}

/** So few cancelled events are not worth a sweep. */
const SWEPT_MIN = 512;

/** A binary heap: what happens next is on top. */
export class EventHeap {
  #events: ScheduledEvent[] = [];
  #cancelled = 0;

  /** Events that are still to happen. */
  get size(): number {
    return this.#events.length - this.#cancelled;
  }

  /** Those of an actor that were not cancelled, in no order. */
  of(actor: string, since: number): readonly ScheduledEvent[] {
    return this.#events.filter(
      (event) => event.actor === actor && event.sequence >= since && !event.isCancelled,
    );
  }

  /** The next event that was not cancelled. */
  peek(): ScheduledEvent | undefined {
    for (let top = this.#events[0]; top?.isCancelled === true; top = this.#events[0]) {
      this.pop();
      this.#cancelled -= 1;
    }
    return this.#events[0];
  }

  add(event: ScheduledEvent): void {
    const events = this.#events;
    let at = events.push(event) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = events[parent]!;
      if (isBefore(above, event)) break;
      events[at] = above;
      at = parent;
    }
    events[at] = event;
  }

  pop(): void {
    const last = this.#events.pop();
    if (last === undefined || this.#events.length === 0) return;
    this.#sink(0, last);
  }

  /** Most timers are limits that are never reached: they must not fill the heap until they are due. */
  noteCancelled(): void {
    this.#cancelled += 1;
    if (this.#cancelled < SWEPT_MIN || 2 * this.#cancelled < this.#events.length) return;
    this.#events = this.#events.filter(({ isCancelled }) => !isCancelled);
    this.#cancelled = 0;
    for (let at = (this.#events.length >> 1) - 1; at >= 0; at--) this.#sink(at, this.#events[at]!);
  }

  #sink(from: number, event: ScheduledEvent): void {
    const events = this.#events;
    let at = from;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= events.length) break;
      if (child + 1 < events.length && isBefore(events[child + 1]!, events[child]!)) child += 1;
      if (isBefore(event, events[child]!)) break;
      events[at] = events[child]!;
      at = child;
    }
    events[at] = event;
  }
}

function isBefore(a: ScheduledEvent, b: ScheduledEvent): boolean {
  if (a.due !== b.due) return a.due < b.due;
  if (a.rank !== b.rank) return a.rank < b.rank;
  return a.sequence < b.sequence;
}
