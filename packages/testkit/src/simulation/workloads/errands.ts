import type { Random } from "@zoolog/base";
import type { Client } from "@zoolog/client";
import type { SimulatedTransport } from "../network/simulated-transport.ts";
import type { Workload, WorkloadParts } from "./workload.ts";

export type ErrandsOptions = {
  /** Of the client that runs them. */
  readonly name: string;
  readonly meanRestMs: number;
};

/** What one errand works with. */
export type ErrandTools = WorkloadParts & {
  readonly client: Client;
  readonly transport: SimulatedTransport;
  readonly chance: Random;
};

/** A limit of one errand's call, ms: shorter than many faults, so that answers get lost. */
export const ERRAND_MS = 5_000;

/** A client that does one thing again and again, and does not mind when it fails. */
export class Errands implements Workload {
  readonly #options: ErrandsOptions;
  readonly #parts: WorkloadParts;
  readonly #errand: (tools: ErrandTools) => Promise<void>;
  /** Undoes what should not last, when faults are over. */
  readonly #tidy: ((tools: ErrandTools) => Promise<void>) | undefined;
  #isRestless = true;
  #task: Promise<void> | undefined;

  constructor(
    options: ErrandsOptions,
    dependencies: {
      readonly parts: WorkloadParts;
      readonly errand: (tools: ErrandTools) => Promise<void>;
      readonly tidy?: (tools: ErrandTools) => Promise<void>;
    },
  ) {
    this.#options = options;
    this.#parts = dependencies.parts;
    this.#errand = dependencies.errand;
    this.#tidy = dependencies.tidy;
  }

  start(): void {
    this.#task = this.#run();
  }

  async calm(): Promise<void> {
    this.#isRestless = false;
    await this.#task;
  }

  stop(): Promise<void> {
    return this.calm();
  }

  async #run(): Promise<void> {
    const { meanRestMs, name } = this.#options;
    const { random, wait } = this.#parts.world;
    const { client, process, transport } = this.#parts.world.client(name);
    const tools = { ...this.#parts, client, transport, chance: random.of(`${name} errands`) };
    while (this.#isRestless) {
      await wait(2 * meanRestMs * tools.chance.next());
      // Refused, timed out: expected under faults.
      if (this.#isRestless) await this.#errand(tools).catch(() => {});
    }
    for (let isTidy = this.#tidy === undefined; !isTidy; ) {
      isTidy = await this.#tidied(tools);
      if (!isTidy) await wait(meanRestMs);
    }
    await client.close();
    process.kill();
  }

  async #tidied(tools: ErrandTools): Promise<boolean> {
    try {
      await this.#tidy?.(tools);
      return true;
    } catch {
      return false;
    }
  }
}
