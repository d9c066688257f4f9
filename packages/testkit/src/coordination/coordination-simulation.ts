import { sleep } from "@zoolog/base";
import type { CoordinationStore } from "@zoolog/coordination";
import { seededRandom } from "../seeded-random.ts";
import { MemoryCoordination } from "./memory-coordination.ts";

/** `ZOOLOG_SIM_SEEDS=500` for a night's worth, `ZOOLOG_SIM_FIRST_SEED` to begin at one that failed. */
const SEED_COUNT = Number(process.env["ZOOLOG_SIM_SEEDS"] ?? 15);
const FIRST_SEED = Number(process.env["ZOOLOG_SIM_FIRST_SEED"] ?? 1);
export const SIMULATION_SEEDS: readonly number[] = Array.from(
  { length: SEED_COUNT },
  (_, i) => FIRST_SEED + i,
);

/** Between two faults, at most. */
const FAULT_PAUSE_MS_MAX = 150;
/** How long a client stays cut off, at most: longer than its session. */
const CUT_MS_MAX = 3_000;

export type SimulatedActors = {
  /** What one broker does until `isOver`. */
  readonly act: (store: CoordinationStore, id: number) => Promise<void>;
  /** What goes wrong besides the connections of brokers. */
  readonly faults: readonly (() => void | Promise<void>)[];
  readonly virtualMs: number;
};

/**
 * Three brokers at an ensemble while connections break, answers are lost and sessions expire, as the
 * seed has it. Whoever simulates checks what is applied, and notes what must not be.
 */
export class CoordinationSimulation {
  readonly brokers = ["b0", "b1", "b2"] as const;
  readonly world: MemoryCoordination;
  readonly violations: string[] = [];
  readonly #random;
  #isOver = false;

  constructor(seed: number, options: { readonly latencyMs: number }) {
    this.world = new MemoryCoordination({ sessionTimeoutMs: 2_000, ...options });
    this.#random = seededRandom(seed);
  }

  /** Actors end what they do. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** The store of each broker. */
  open(): Promise<CoordinationStore[]> {
    const { world, brokers } = this;
    return world.settled(Promise.all(brokers.map((name) => world.open(name))));
  }

  /** When it resolves, all faults are gone and the actors at rest. */
  async run(
    stores: readonly CoordinationStore[],
    { act, faults, virtualMs }: SimulatedActors,
  ): Promise<void> {
    const { world, brokers } = this;
    const actors = stores.map(act);
    const breaking = this.#breakThings(faults);
    await world.pass(virtualMs);
    this.#isOver = true;
    world.ensemble.start();
    for (const name of brokers) world.ensemble.heal(name);
    await world.settled(Promise.all([breaking, ...actors]));
  }

  violated(rule: string, what: number): void {
    this.violations.push(`${rule}: ${what} at ${this.world.time.clock.monotonic()} ms`);
  }

  chance(probability: number): boolean {
    return this.#random.next() < probability;
  }

  /** A whole number from 0 up to below `end`. */
  draw(end: number): number {
    return Math.floor(this.#random.next() * end);
  }

  pause(msMax: number): Promise<void> {
    return sleep(this.world.time.scheduler, 1 + this.draw(msMax));
  }

  async #breakThings(more: SimulatedActors["faults"]): Promise<void> {
    const { ensemble, time } = this.world;
    const faults: ((client: string) => void | Promise<void>)[] = [
      (client) => ensemble.disconnect(client),
      (client) => ensemble.failNext({ when: "beforeApply", client }),
      (client) => ensemble.failNext({ when: "afterApply", client }),
      (client) => ensemble.expire(client),
      (client) => {
        ensemble.cut(client);
        time.scheduler.after(this.draw(CUT_MS_MAX), () => ensemble.heal(client));
      },
      ...more,
    ];
    while (!this.#isOver) {
      await this.pause(FAULT_PAUSE_MS_MAX);
      await faults[this.draw(faults.length)]!(this.brokers[this.draw(this.brokers.length)]!);
    }
  }
}
