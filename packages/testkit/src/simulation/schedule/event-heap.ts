export type ScheduledEvent = {
  readonly due: number;
  /** Drawn: decides between actors whose events are due together. */
  readonly rank: number;
  readonly sequence: number;
  readonly actor: string;
  readonly kind: string;
  readonly run: () => void;
  isCancelled: boolean;
};

/** A binary heap: what happens next is on top. */
export class EventHeap {
  readonly #events: ScheduledEvent[] = [];

  get size(): number {
    return this.#events.length;
  }

  /** Those of an actor that were not cancelled, in no order. */
  of(actor: string, since: number): readonly ScheduledEvent[] {
    return this.#events.filter(
      (event) => event.actor === actor && event.sequence >= since && !event.isCancelled,
    );
  }

  peek(): ScheduledEvent | undefined {
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

  pop(): ScheduledEvent | undefined {
    const events = this.#events;
    const top = events[0];
    const last = events.pop();
    if (top === undefined || last === undefined || events.length === 0) return top;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= events.length) break;
      if (child + 1 < events.length && isBefore(events[child + 1]!, events[child]!)) child += 1;
      if (isBefore(last, events[child]!)) break;
      events[at] = events[child]!;
      at = child;
    }
    events[at] = last;
    return top;
  }
}

function isBefore(a: ScheduledEvent, b: ScheduledEvent): boolean {
  if (a.due !== b.due) return a.due < b.due;
  if (a.rank !== b.rank) return a.rank < b.rank;
  return a.sequence < b.sequence;
}
