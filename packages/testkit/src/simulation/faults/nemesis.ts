import { type Deferred, deferred } from "@zoolog/base";
import { oneOf } from "../chance.ts";
import type { World } from "../world/world.ts";
import { Budget, type Tolerance } from "./budget.ts";
import { ClusterView } from "./cluster-view.ts";
import { Coverage } from "./coverage.ts";
import { Disturbances } from "./disturbances.ts";
import { FAULTS, type FaultName } from "./fault.ts";
import type { FaultContext, FaultParts } from "./fault-context.ts";
import { Clogs } from "./network/clogs.ts";
import { Supervisor } from "./supervisor.ts";

export type NemesisOptions = {
  readonly faults: readonly FaultName[];
  /** From the beginning of one fault to that of the next, ms. */
  readonly meanRestMs: number;
  /** Faults that may be under way together; one whose time has come meanwhile is left out. */
  readonly atOnceMax: number;
  /**
   * Left out, too. The others begin when they would have, and draw what they would have drawn; only
   * where there was no room for one beside this one, there may be now.
   */
  readonly skipped: readonly number[];
  readonly tolerance: Tolerance;
};

/**
 * Brings faults upon a world, as its seed draws them. Each has a number and a stream of chance of its
 * own, so that one of them can be left out and the others stay what they were.
 */
export class Nemesis {
  readonly #options: NemesisOptions;
  readonly #world: World;
  readonly #parts: FaultParts;
  readonly #note: (what: string) => void;
  readonly #coverage: Coverage;
  readonly #underWay = new Map<Promise<void>, FaultName>();
  readonly #stopped: Deferred<void> = deferred<void>();
  #isStopped = false;
  #task: Promise<void> | undefined;

  constructor(
    options: NemesisOptions,
    dependencies: {
      readonly world: World;
      readonly note: (what: string) => void;
    },
  ) {
    const { world } = dependencies;
    this.#options = options;
    this.#world = world;
    this.#note = dependencies.note;
    const { schedule, network, hosts } = world;
    const view = new ClusterView(world);
    const disturbances = new Disturbances({ schedule });
    const budget = new Budget(options.tolerance, { world, view, disturbances });
    const supervisor = new Supervisor({ hosts, schedule, budget });
    const clogs = new Clogs({ network });
    this.#parts = { world, view, budget, supervisor, disturbances, clogs };
    this.#coverage = new Coverage({ world, view });
  }

  /** Which faults began in which states: `<fault> × <state>`. */
  get coverage(): readonly string[] {
    return this.#coverage.pairs;
  }

  start(): void {
    if (this.#options.faults.length > 0) this.#task = this.#run();
  }

  /** Ends what is under way and heals the world; resolves when nothing of it is left. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#stopped.resolve();
    await this.#task;
    await Promise.all(this.#underWay.keys());
    this.#heal();
  }

  async #run(): Promise<void> {
    const { faults, meanRestMs, atOnceMax, skipped } = this.#options;
    let beginsAt = this.#world.schedule.nowMs;
    for (let index = 0; !this.#isStopped; index++) {
      const random = this.#world.random.of(`fault ${index}`);
      beginsAt += 2 * meanRestMs * random.next();
      const name = oneOf(faults, random);
      if (name === undefined) return;
      await this.#wait(beginsAt - this.#world.schedule.nowMs);
      if (this.#isStopped) return;
      const isLeftOut = skipped.includes(index) || this.#underWay.size >= atOnceMax;
      if (isLeftOut) continue;
      this.#begin(name, index, random);
    }
  }

  #begin(name: FaultName, index: number, random: FaultContext["random"]): void {
    const note = (what: string): void => this.#note(`#${index} ${what}`);
    const ends: (() => void)[] = [];
    const task = FAULTS[name]({
      ...this.#parts,
      random,
      wait: (ms) => this.#wait(ms),
      note,
      begin: (what, struck = []) => {
        note(what);
        ends.push(this.#world.trace.begin(`#${index} ${what}`, struck));
        this.#coverage.note(name, struck, [...this.#underWay.values()]);
      },
    }).finally(() => {
      this.#underWay.delete(task);
      for (const end of ends) end();
    });
    this.#underWay.set(task, name);
  }

  #wait(ms: number): Promise<void> {
    if (this.#isStopped || ms <= 0) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = this.#world.schedule.after(ms, "nemesis", "rest", resolve);
      void this.#stopped.promise.then(() => {
        timer.cancel();
        resolve();
      });
    });
  }

  #heal(): void {
    const { livingClients, network, zookeeper, hosts } = this.#world;
    network.heal();
    zookeeper.heal();
    for (const { disk, process } of hosts) {
      disk.faults.removeAll();
      process?.resume();
      process?.drift(1);
    }
    for (const process of livingClients) process.resume();
  }
}
