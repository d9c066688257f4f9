import type { World } from "../world/world.ts";
import { type Invariant, note } from "./invariant.ts";

const LOOK_EVENTS = 2_000;

/**
 * What may wait to happen in a world: timers, messages on their way, disk operations. A few hundred
 * are usual; each broker, client and call under way has some.
 */
const PENDING_EVENTS_MAX = 20_000;

/**
 * In place of the memory of a process, which a world shares with all others: what is kept waiting. The
 * memory of a broker under load is measured where it is a process of its own.
 */
export class BoundedQueues implements Invariant {
  readonly name = "I15";
  readonly about =
    "queues are bounded: what waits to happen does not grow with the load, and no call waits for ever at a broker";
  readonly violations: string[] = [];
  readonly #world: { readonly schedule: Pick<World["schedule"], "pending"> };

  constructor(world: {
    readonly schedule: Pick<World["schedule"], "observe" | "pending">;
  }) {
    this.#world = world;
    world.schedule.observe(LOOK_EVENTS, () => this.look());
  }

  look(): void {
    const { pending } = this.#world.schedule;
    if (pending <= PENDING_EVENTS_MAX) return;
    note(this.violations, `${pending} events wait, ${PENDING_EVENTS_MAX} are bounds enough`);
  }
}
