import type { Random, Timer } from "@zoolog/base";
import { EventHeap, type ScheduledEvent } from "./event-heap.ts";
import type { Trace } from "./trace.ts";

export type RunUntil = {
  /** True time of the world, ms since its beginning. */
  readonly atMs?: number;
  readonly isDone?: () => boolean;
};

/**
 * The time of a whole world: one event after the other, and between two of them everything that was
 * started by promises. Nothing else moves it. Events that are due together happen in an order that is
 * drawn, but those of one actor in the order they were asked for.
 */
export class Schedule {
  readonly trace: Trace;
  readonly #random: Random;
  readonly #heap = new EventHeap();
  readonly #ranks = new Map<string, { due: number; rank: number }>();
  readonly #observers: { readonly events: number; readonly look: () => void }[] = [];
  #now = 0;
  #sequence = 0;

  constructor(dependencies: { readonly random: Random; readonly trace: Trace }) {
    this.#random = dependencies.random;
    this.trace = dependencies.trace;
  }

  /** True time, ms since the beginning: what no actor sees. */
  get nowMs(): number {
    return this.#now;
  }

  /** Events that are still to come. */
  get pending(): number {
    return this.#heap.size;
  }

  after(delayMs: number, actor: string, kind: string, run: () => void): Timer {
    const due = this.#now + Math.max(0, delayMs);
    const event: ScheduledEvent = {
      due,
      rank: this.#rankOf(actor, due),
      sequence: this.#sequence++,
      actor,
      kind,
      run,
      isCancelled: false,
    };
    this.#heap.add(event);
    return {
      cancel: () => {
        event.isCancelled = true;
      },
    };
  }

  /** Of the next event that is asked for. */
  get sequence(): number {
    return this.#sequence;
  }

  /** Kinds of the events of an actor that are still to come, of those from a `sequence` on. */
  waitingFor(actor: string, since: number): readonly string[] {
    return this.#heap.of(actor, since).map(({ kind }) => kind);
  }

  /** Asked to look at the world after every `events` events; sees it between two of them. */
  observe(events: number, look: () => void): void {
    this.#observers.push({ events, look });
  }

  /** Goes on until the time has come, it is done, or nothing is left to happen. */
  async run(until: RunUntil): Promise<void> {
    const { atMs = Number.POSITIVE_INFINITY, isDone = () => false } = until;
    await settled();
    while (!isDone()) {
      const event = this.#heap.peek();
      if (event === undefined || event.due > atMs) break;
      this.#heap.pop();
      if (event.isCancelled) continue;
      this.#now = event.due;
      this.trace.add({ atMs: event.due, actor: event.actor, kind: event.kind });
      event.run();
      await settled();
      for (const { events, look } of this.#observers) if (this.trace.count % events === 0) look();
    }
    if (atMs !== Number.POSITIVE_INFINITY && !isDone()) this.#now = Math.max(this.#now, atMs);
  }

  /** Forgets everything that is still to come, and who looks on. */
  clear(): void {
    while (this.#heap.size > 0) this.#heap.pop();
    this.#observers.length = 0;
  }

  /** Equal for the events of an actor that are due together: they keep their order. */
  #rankOf(actor: string, due: number): number {
    const known = this.#ranks.get(actor);
    if (known?.due === due) return known.rank;
    const rank = this.#random.next();
    this.#ranks.set(actor, { due, rank });
    return rank;
  }
}

/** Resolves when every promise that can go on has gone on. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
