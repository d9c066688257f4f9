import { type Clock, errorMessage, type LogFields, type Logger, ZoologError } from "@zoolog/base";

/** A client that keeps coming back says the same thing each time: one line is enough to find it. */
const INTERVAL_MS = 10_000;

/** Lines that strangers can cause: one of each kind in a while, which counts those that it stands for. */
export class RareWarnings {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #kinds = new Map<string, { saidAt: number; unsaid: number }>();

  constructor(dependencies: { readonly clock: Clock; readonly logger: Logger }) {
    this.#clock = dependencies.clock;
    this.#logger = dependencies.logger;
  }

  /** @param fault its code is its kind, of which there are few. What is no `ZoologError` is a fault of ours. */
  warn(what: string, fault: unknown, fields: LogFields): void {
    const isExpected = fault instanceof ZoologError;
    const kind = isExpected ? fault.code : "fault";
    const now = this.#clock.monotonic();
    const known = this.#kinds.get(kind);
    if (known !== undefined && now - known.saidAt < INTERVAL_MS) {
      known.unsaid += 1;
      return;
    }
    this.#kinds.set(kind, { saidAt: now, unsaid: 0 });
    const repeated = known === undefined || known.unsaid === 0 ? {} : { repeated: known.unsaid };
    const why = { error: errorMessage(fault), ...(isExpected && { hint: fault.hint }) };
    if (isExpected) this.#logger.warn(what, { ...why, ...fields, ...repeated });
    else this.#logger.error(what, { ...why, ...fields, ...repeated });
  }
}
