/**
 * Three brokers look whether ZooKeeper went back, while connections break, answers are lost, sessions
 * end, the ensemble stands still and servers lag. It never went back, so none of them may say so.
 */
import { silentLogger } from "@zoolog/base";
import { CoordinationSimulation, SIMULATION_SEEDS } from "@zoolog/testkit";
import type { CoordinationStore } from "../port/coordination-store.ts";
import { openZooKeeperStore } from "../zookeeper-store.ts";

const VIRTUAL_MS = 20_000;
const STOPPED_MS_MAX = 3_000;

class Simulation {
  readonly #simulation: CoordinationSimulation;
  readonly #stores: CoordinationStore[] = [];

  constructor(seed: number) {
    this.#simulation = new CoordinationSimulation(seed, { latencyMs: 2 });
  }

  get violations(): readonly string[] {
    return this.#simulation.violations;
  }

  get marksLeft(): number {
    return this.#simulation.world.ensemble.znodes.stat("/cluster/history")?.version ?? 0;
  }

  async run(): Promise<void> {
    const simulation = this.#simulation;
    const { world, brokers } = simulation;
    const { ensemble, time } = world;
    await world.settled(world.open("laggard"));
    const opening = Promise.all(brokers.map((name) => this.#open(name)));
    this.#stores.push(...(await world.settled(opening)));
    await simulation.run(this.#stores, {
      act: (store, id) => this.#live(store, id),
      faults: [
        () => ensemble.session("laggard").freezeReads(),
        () => {
          if (!simulation.chance(0.05)) return;
          ensemble.stop();
          time.scheduler.after(simulation.draw(STOPPED_MS_MAX), () => ensemble.start());
        },
      ],
      virtualMs: VIRTUAL_MS,
    });
  }

  async close(): Promise<void> {
    for (const store of this.#stores) await store.close();
    await this.#simulation.world.close();
  }

  /** Each new session begins at a server that may lag behind what the broker saw before. */
  #open(name: string): Promise<CoordinationStore> {
    const { ensemble, time } = this.#simulation.world;
    const connect = async () => {
      const client = await ensemble.connect(name);
      ensemble.session(name).freezeReads(ensemble.session("laggard"));
      return client;
    };
    return openZooKeeperStore({}, { connect, ...time, logger: silentLogger });
  }

  async #live(store: CoordinationStore, id: number): Promise<void> {
    const simulation = this.#simulation;
    void store.historyLost.then(() => simulation.violated("no history was lost", id));
    while (!simulation.isOver) {
      // What is given up for want of a connection is tried again.
      await store.ensureClusterId("ours").catch(() => undefined);
      await simulation.pause(5_000);
    }
  }
}

test.each(SIMULATION_SEEDS)(
  "nobody says that ZooKeeper went back, which it did not: seed %i",
  async (seed) => {
    const simulation = new Simulation(seed);
    await simulation.run();

    expect(simulation.violations).toEqual([]);
    expect(simulation.marksLeft).toBeGreaterThan(20);
    await simulation.close();
  },
);
