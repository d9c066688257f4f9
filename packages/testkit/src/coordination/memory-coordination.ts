import { brokerId } from "@zoolog/base";
import type {
  ControllerWriter,
  CoordinationStore,
  ZooKeeperStoreOptions,
} from "@zoolog/coordination";
import { ManualTime } from "../manual-time.ts";
import { MemoryEnsemble, type MemoryEnsembleOptions } from "./memory-ensemble.ts";
import { createMemoryStore } from "./memory-store.ts";

/** How far the clock is moved for something to settle before a test gives up on it. */
const SETTLE_MS_MAX = 10 * 60_000;
const SETTLE_STEP_MS = 10;

/** An ensemble in memory, a clock that the test moves, and the stores opened on them. */
export class MemoryCoordination {
  readonly time = new ManualTime();
  readonly ensemble: MemoryEnsemble;
  readonly #stores: CoordinationStore[] = [];

  constructor(options: MemoryEnsembleOptions = {}) {
    const { clock, scheduler } = this.time;
    this.ensemble = new MemoryEnsemble(options, { clock, scheduler });
  }

  async open(name: string, options: ZooKeeperStoreOptions = {}): Promise<CoordinationStore> {
    const { clock, scheduler } = this.time;
    const { ensemble } = this;
    const store = await createMemoryStore({ name, ...options }, { ensemble, clock, scheduler });
    this.#stores.push(store);
    return store;
  }

  /** Makes the broker of this store the controller; throws where another one is. */
  async elected(store: CoordinationStore, id = 0): Promise<ControllerWriter> {
    const election = await this.settled(store.electController(brokerId(id)));
    if (election.outcome !== "elected") throw new Error(`broker ${id} lost the election`);
    return election.writer;
  }

  /** Moves the clock until `promise` settles, and answers what it settled with. */
  async settled<T>(promise: Promise<T>): Promise<T> {
    let done = false;
    const watched = promise.finally(() => {
      done = true;
    });
    watched.catch(() => {});
    for (let ms = 0; !done; ms += SETTLE_STEP_MS) {
      if (ms > SETTLE_MS_MAX) throw new Error(`not settled in ${SETTLE_MS_MAX} ms`);
      await this.time.advanceAndSettle(ms === 0 ? 0 : SETTLE_STEP_MS);
    }
    return watched;
  }

  /** Lets everything that is under way run to its end, `ms` later. */
  async pass(ms: number): Promise<void> {
    await this.time.advanceAndSettle(ms);
    await this.time.advanceAndSettle(0);
  }

  async close(): Promise<void> {
    await Promise.all(this.#stores.map((store) => store.close()));
  }
}
