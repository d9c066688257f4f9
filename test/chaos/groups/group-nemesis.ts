import { seededRandom } from "@zoolog/testkit";
import {
  GROUP_FAULTS,
  type GroupFaultContext,
  type GroupFaultName,
  MEMBER_FAULTS,
} from "./group-faults.ts";
import { machineMs } from "./machine-clock.ts";

export type GroupEvent = { readonly at: number; readonly what: string };

type NemesisContext = Omit<GroupFaultContext, "random" | "wait" | "note">;

/**
 * Faults drawn from a seed, until it is stopped: one row of those of members and one of those of
 * servers, so that they meet.
 */
export class GroupNemesis {
  readonly events: GroupEvent[] = [];
  readonly count = new Map<GroupFaultName, number>();
  readonly #context: NemesisContext;
  readonly #wakes = new Set<() => void>();
  #tasks: Promise<void>[] = [];
  #stopped = false;

  constructor(context: NemesisContext) {
    this.#context = context;
  }

  start(options: {
    readonly seed: number;
    readonly faults: readonly GroupFaultName[];
    /** From one fault's end to the next one's beginning, on average. */
    readonly restMs: number;
  }): void {
    const { faults, seed } = options;
    const ofMembers = faults.filter((name) => name in MEMBER_FAULTS);
    const ofServers = faults.filter((name) => !(name in MEMBER_FAULTS));
    this.#tasks = [
      this.#run({ ...options, faults: ofMembers }),
      this.#run({ ...options, faults: ofServers, seed: seed + 1 }),
    ];
  }

  /** Ends the faults under way in order. */
  async stop(): Promise<void> {
    this.#stopped = true;
    for (const wake of this.#wakes) wake();
    await Promise.all(this.#tasks);
  }

  note(what: string): void {
    this.events.push({ at: machineMs(), what });
  }

  async #run(options: {
    readonly seed: number;
    readonly faults: readonly GroupFaultName[];
    readonly restMs: number;
  }): Promise<void> {
    const random = seededRandom(options.seed);
    while (!this.#stopped) {
      const name = options.faults[Math.floor(random.next() * options.faults.length)];
      if (name === undefined) return;
      this.count.set(name, (this.count.get(name) ?? 0) + 1);
      await GROUP_FAULTS[name]({
        ...this.#context,
        random,
        wait: (ms) => this.#wait(ms),
        note: (what) => this.note(what),
      });
      await this.#wait(options.restMs * (0.5 + random.next()));
    }
  }

  #wait(ms: number): Promise<void> {
    if (this.#stopped) return Promise.resolve();
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.#wakes.delete(done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      this.#wakes.add(done);
    });
  }
}
