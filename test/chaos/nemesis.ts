import type { Random } from "@zoolog/base";
import type { ChaosBroker } from "./chaos-broker.ts";
import type { ChaosCluster } from "./chaos-cluster.ts";
import { FAULTS, type FaultName, NETWORK_FAULTS } from "./faults.ts";
import { Targets, type Who } from "./targets.ts";

export type NemesisOptions = {
  readonly topic: string;
  readonly faults: readonly FaultName[];
  /** From one fault's end to the next one's beginning, at most; drawn anew each time. */
  readonly restMs: number;
};

/** When something was done to the cluster, by the clock of the history. */
export type NemesisEvent = {
  readonly at: number;
  readonly what: string;
  /** The broker that stopped serving then, and the partitions that it led. */
  readonly broker: number | undefined;
  readonly led: readonly number[];
};

/** How long the cluster took to be whole again once a network was. */
export type Recovery = { readonly fault: FaultName; readonly ms: number };

/** Far beyond the bar; what takes longer does not recover at all. */
const RECOVERY_MS_MAX = 60_000;
const LOOK_MS = 100;

/** One fault after the other, drawn from a seed, until it is stopped. */
export class Nemesis {
  readonly events: NemesisEvent[] = [];
  readonly count = new Map<FaultName, number>();
  readonly recoveries: Recovery[] = [];
  readonly #options: NemesisOptions;
  readonly #cluster: ChaosCluster;
  readonly #random: Random;
  readonly #isWhole: () => Promise<boolean>;
  readonly #targets: Targets;
  #task: Promise<void> | undefined;
  #stopped = false;
  #wake = (): void => {};
  #led: readonly number[] = [];

  constructor(
    options: NemesisOptions,
    dependencies: {
      readonly cluster: ChaosCluster;
      readonly random: Random;
      /** Every partition has a leader and all of its replicas in sync. */
      readonly isWhole: () => Promise<boolean>;
    },
  ) {
    this.#options = options;
    this.#cluster = dependencies.cluster;
    this.#random = dependencies.random;
    this.#isWhole = dependencies.isWhole;
    this.#targets = new Targets(options, dependencies);
  }

  start(): void {
    this.#task = this.#run();
  }

  /** Ends the fault under way in order. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#wake();
    await this.#task;
    await this.#targets.close();
  }

  async #run(): Promise<void> {
    const { faults, restMs } = this.#options;
    while (!this.#stopped) {
      const name = faults[Math.floor(this.#random.next() * faults.length)];
      if (name === undefined) return;
      this.count.set(name, (this.count.get(name) ?? 0) + 1);
      await FAULTS[name]({
        cluster: this.#cluster,
        random: this.#random,
        target: (who) => this.#target(who),
        wait: (ms) => this.#wait(ms),
        note: (what, broker) => this.#note(what, broker),
        picture: () => this.#targets.picture(),
      });
      if (NETWORK_FAULTS.includes(name)) await this.#recovery(name);
      await this.#wait(restMs * (0.5 + this.#random.next()));
    }
  }

  async #recovery(fault: FaultName): Promise<void> {
    const healedAt = performance.now();
    const elapsed = (): number => performance.now() - healedAt;
    while (elapsed() < RECOVERY_MS_MAX && !(await this.#isWhole())) {
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
    this.recoveries.push({ fault, ms: elapsed() });
  }

  async #target(who: Who): Promise<ChaosBroker> {
    const { broker, led } = await this.#targets.find(who);
    this.#led = led;
    return broker;
  }

  #note(what: string, broker?: ChaosBroker): void {
    const at = performance.now();
    const led = broker === undefined ? [] : this.#led;
    this.events.push({ at, what, broker: broker?.brokerId, led });
  }

  #wait(ms: number): Promise<void> {
    if (this.#stopped) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
