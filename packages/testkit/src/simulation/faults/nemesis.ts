import { FAULTS, type Fault, type FaultContext, type FaultName } from "./fault.ts";

/** Draws one fault after the other, each from its beginning to its end. */
export class Nemesis {
  readonly #options: { readonly faults: readonly FaultName[]; readonly meanRestMs: number };
  readonly #context: FaultContext;
  #isStopped = false;
  #task: Promise<void> | undefined;

  constructor(
    options: { readonly faults: readonly FaultName[]; readonly meanRestMs: number },
    context: FaultContext,
  ) {
    this.#options = options;
    this.#context = context;
  }

  start(): void {
    if (this.#options.faults.length > 0) this.#task = this.#run();
  }

  /** Resolves when the fault under way has ended. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#task;
  }

  async #run(): Promise<void> {
    const { faults, meanRestMs } = this.#options;
    const { random, wait } = this.#context;
    while (!this.#isStopped) {
      await wait(2 * meanRestMs * random.next());
      if (this.#isStopped) return;
      const name = faults[Math.floor(random.next() * faults.length)];
      const fault: Fault | undefined = name && FAULTS[name];
      await fault?.(this.#context);
    }
  }
}
