import type { RunningBackend } from "./backends.ts";
import { difference } from "./comparison.ts";
import type { Observation } from "./observation.ts";
import type { KnownZnodes } from "./random-steps.ts";
import type { Step } from "./step.ts";
import { World } from "./world.ts";
import { ZxidOrder } from "./zxid-order.ts";

/** What a failure tells: enough to see how it came about. */
const STEPS_TOLD = 12;
const STEP_CHARACTERS_TOLD = 600;

/** Takes the same steps with two servers, one after the other in both, and compares all they say. */
export class SideBySide {
  readonly #worlds: readonly [left: World, right: World];
  readonly #order = new ZxidOrder();
  readonly #told: string[] = [];
  #calls = 0;

  constructor(left: RunningBackend, right: RunningBackend) {
    this.#worlds = [new World(left), new World(right)];
  }

  /** Single operations compared so far. */
  get calls(): number {
    return this.#calls;
  }

  /** Different transactions whose order was compared. */
  get transactions(): number {
    return this.#order.size;
  }

  /** @throws Error that tells the difference and the steps before it. */
  async perform(step: Step): Promise<Observation> {
    if (step.do === "call") this.#calls += step.calls.length;
    return this.#compare(JSON.stringify(step), (world) => world.perform(step));
  }

  /** Compares what is on its way to all sessions, and the whole tree. */
  async survey(): Promise<KnownZnodes> {
    await this.#compare("everything on its way", (world) => world.settle());
    return knownZnodes(await this.#compare("the tree", (world) => world.tree()));
  }

  async dispose(): Promise<void> {
    await Promise.all(this.#worlds.map((world) => world.dispose()));
  }

  async #compare(what: string, look: (world: World) => Promise<Observation>): Promise<Observation> {
    const [left, right] = await Promise.all([look(this.#worlds[0]), look(this.#worlds[1])]);
    this.#told.push(`${what}\n      → ${JSON.stringify(left).slice(0, STEP_CHARACTERS_TOLD)}`);
    if (this.#told.length > STEPS_TOLD) this.#told.shift();
    const found = difference(left, right, this.#order);
    if (found === undefined) return left;
    throw new Error(
      `the servers differ at ${found}\n  in the last step of\n    ${this.#told.join("\n    ")}` +
        `\n  where the other said\n      → ${JSON.stringify(right).slice(0, 3 * STEP_CHARACTERS_TOLD)}`,
    );
  }
}

function knownZnodes(tree: Observation): KnownZnodes {
  type Listing = { body: { stat: { version: number; aversion: number } } | null };
  const entries = Object.entries(tree as Record<string, readonly [unknown, unknown, Listing]>);
  return new Map(
    entries.map(([path, [, , { body }]]) => [path, body?.stat ?? { version: 0, aversion: 0 }]),
  );
}
