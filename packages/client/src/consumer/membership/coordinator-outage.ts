import { type Clock, errorMessage, type Logger } from "@zoolog/base";
import { coordinatorAway } from "../../groups/errors.ts";

/**
 * A coordinator that stops, or hands its groups on, is followed by another within seconds: ten times
 * what a planned move takes, and more than a ZooKeeper session that has to end first.
 */
const ROUTINE_MS = 10_000;

/**
 * Tells of a coordinator that does not answer. That it moves is routine: the member goes on reading,
 * so only the log says so. Whoever watches for errors hears of it when it lasts, once.
 */
export class CoordinatorOutage {
  readonly #group: string;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #warn: (error: unknown) => void;
  /** By the monotonic clock, ms. */
  #since: number | undefined;
  #isTold = false;

  constructor(
    options: { readonly group: string; readonly warn: (error: unknown) => void },
    dependencies: { readonly clock: Clock; readonly logger: Logger },
  ) {
    this.#group = options.group;
    this.#warn = options.warn;
    this.#clock = dependencies.clock;
    this.#logger = dependencies.logger;
  }

  /** An attempt to reach it has failed, and is made again. */
  failed(error: unknown): void {
    const now = this.#clock.monotonic();
    if (this.#since === undefined) {
      this.#since = now;
      this.#logger.info("group coordinator is away, which is routine when it moves", {
        group: this.#group,
        error: errorMessage(error),
        next: "the consumer keeps its partitions and asks whoever coordinates the group next",
      });
    }
    if (this.#isTold || now - this.#since < ROUTINE_MS) return;
    this.#isTold = true;
    this.#warn(coordinatorAway(this.#group, now - this.#since, error));
  }

  answered(): void {
    if (this.#since === undefined) return;
    const awayMs = Math.round(this.#clock.monotonic() - this.#since);
    this.#logger.info("group coordinator answers again", { group: this.#group, awayMs });
    this.#since = undefined;
    this.#isTold = false;
  }
}
