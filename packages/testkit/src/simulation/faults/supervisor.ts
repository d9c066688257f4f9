import type { Schedule } from "../schedule/schedule.ts";
import type { SimulatedHost } from "../world/simulated-host.ts";
import type { Budget } from "./budget.ts";

/** How often it looks whether brokers run, are live, and after how long it starts one again, ms. */
const LOOK_MS = 1_000;

/** A broker that says for so many looks that it is not live is ended. */
const DEAD_LOOKS = 3;

/**
 * The service manager of all hosts: starts brokers that have ended, and ends those that say that they
 * are not live. A fault that has killed a broker holds it down for a while.
 */
export class Supervisor {
  readonly #hosts: readonly SimulatedHost[];
  readonly #schedule: Schedule;
  readonly #budget: Budget;
  readonly #held = new Map<SimulatedHost, number>();
  readonly #starting = new Set<SimulatedHost>();
  readonly #deadLooks = new Map<SimulatedHost, number>();

  constructor(dependencies: {
    readonly hosts: readonly SimulatedHost[];
    readonly schedule: Schedule;
    readonly budget: Budget;
  }) {
    this.#hosts = dependencies.hosts;
    this.#schedule = dependencies.schedule;
    this.#budget = dependencies.budget;
    this.#lookLater();
  }

  /** @returns lets it be started again, at once if nobody else holds it down. */
  holdDown(host: SimulatedHost): () => void {
    this.#held.set(host, (this.#held.get(host) ?? 0) + 1);
    let isReleased = false;
    return () => {
      if (isReleased) return;
      isReleased = true;
      this.#held.set(host, (this.#held.get(host) ?? 1) - 1);
      this.#look(host, "start");
    };
  }

  #lookLater(): void {
    this.#schedule.after(LOOK_MS, "supervisor", "look", () => {
      for (const host of this.#hosts) this.#look(host);
      this.#lookLater();
    });
  }

  /** Who was shut down stays down until somebody says otherwise. */
  #look(host: SimulatedHost, shutDown: "leave" | "start" = "leave"): void {
    if ((this.#held.get(host) ?? 0) > 0 || this.#starting.has(host)) return;
    if (host.process === undefined) {
      this.#deadLooks.delete(host);
      if (!host.wasShutDown || shutDown === "start") this.#start(host);
    } else if (host.broker?.health().live !== false || host.process.isPaused) {
      this.#deadLooks.delete(host);
    } else {
      const looks = (this.#deadLooks.get(host) ?? 0) + 1;
      this.#deadLooks.set(host, looks);
      if (looks >= DEAD_LOOKS && this.#budget.mayEnd(host)) host.crash("process");
    }
  }

  #start(host: SimulatedHost): void {
    this.#starting.add(host);
    const isExcused = (): boolean => this.#budget.excusesStart(host);
    void host.start({ isExcused }).then(() => this.#starting.delete(host));
  }
}
