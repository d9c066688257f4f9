import { assert, type Random } from "@zoolog/base";
import { EventHeap, ScheduledEvent } from "./event-heap.ts";
import type { Trace } from "./trace.ts";

export type RunUntil = {
  /** True time of the world, ms since its beginning. */
  readonly atMs?: number;
  readonly isDone?: () => boolean;
};

type Run = {
  readonly atMs: number;
  readonly isDone: () => boolean;
  readonly resolve: () => void;
  readonly reject: (reason: unknown) => void;
};

type Observer = { readonly events: number; readonly look: () => void };

/**
 * Callbacks that are queued together. Node does everything that promises have begun between two of
 * them, and asks the operating system for news only behind the last one, which takes longer than
 * many an event. So many last some 25 ms, in which a worker hears nothing of its parent.
 */
const TURNS_AT_ONCE = 1_024;

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
  readonly #observers: Observer[] = [];
  #now = 0;
  #sequence = 0;
  #happened = 0;
  #run: Run | undefined;
  #turns = 0;
  /** Observers that have not looked since the last event. */
  readonly #looking: Observer[] = [];

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

  after(delayMs: number, actor: string, kind: string, run: () => void): ScheduledEvent {
    const due = this.#now + Math.max(0, delayMs);
    const rank = this.#rankOf(actor, due);
    const sequence = this.#sequence++;
    const event = new ScheduledEvent({ due, rank, sequence, actor, kind, run }, this.#heap);
    this.#heap.add(event);
    return event;
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

  /** Goes on until the time has come, it is done, or nothing is left to happen. One at a time. */
  run(until: RunUntil): Promise<void> {
    assert(this.#run === undefined, "a schedule is run by one at a time");
    const { atMs = Number.POSITIVE_INFINITY, isDone = () => false } = until;
    return new Promise((resolve, reject) => {
      this.#run = { atMs, isDone, resolve, reject };
      if (this.#turns === 0) this.#queueTurns();
    });
  }

  #queueTurns(): void {
    this.#turns = TURNS_AT_ONCE;
    for (let i = 0; i < TURNS_AT_ONCE; i++) setImmediate(this.#turn);
  }

  /** A macrotask: every promise that could go on has gone on before it. */
  readonly #turn = (): void => {
    this.#turns -= 1;
    const run = this.#run;
    if (run !== undefined) {
      try {
        this.#step(run);
      } catch (error) {
        this.#run = undefined;
        run.reject(error);
      }
    }
    if (this.#turns === 0 && this.#run !== undefined) this.#queueTurns();
  };

  #step(run: Run): void {
    if (this.#looking.length > 0) {
      for (const { look } of this.#looking.splice(0)) look();
      return;
    }
    const isDone = run.isDone();
    const event = isDone ? undefined : this.#heap.peek();
    if (event === undefined || event.due > run.atMs) {
      if (run.atMs !== Number.POSITIVE_INFINITY && !isDone) {
        this.#now = Math.max(this.#now, run.atMs);
      }
      this.#run = undefined;
      run.resolve();
      return;
    }
    this.#heap.pop();
    this.#now = event.due;
    this.#happened += 1;
    this.trace.add({ atMs: event.due, actor: event.actor, kind: event.kind });
    for (const observer of this.#observers) {
      if (this.#happened % observer.events === 0) this.#looking.push(observer);
    }
    event.happen();
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
    if (known === undefined) this.#ranks.set(actor, { due, rank });
    else {
      known.due = due;
      known.rank = rank;
    }
    return rank;
  }
}
