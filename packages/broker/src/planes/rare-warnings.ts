import { type Clock, errorMessage, type LogFields, type Logger, ZoologError } from "@zoolog/base";

/** A client that keeps coming back says the same thing each time: one line is enough to find it. */
const INTERVAL_MS = 10_000;

/** More reasons than brokers and clients have between them: strangers may put names of theirs in some. */
const KINDS_MAX = 50;

type Kind = {
  readonly saidAt: number;
  /** As said last, and how often since. */
  readonly say: (more?: LogFields) => void;
  unsaid: number;
};

/** Lines that strangers can cause: one of each kind in a while, which counts those that it stands for. */
export class RareWarnings {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #kinds = new Map<string, Kind>();

  constructor(dependencies: { readonly clock: Clock; readonly logger: Logger }) {
    this.#clock = dependencies.clock;
    this.#logger = dependencies.logger;
  }

  /**
   * @param fault says why: lines of one reason are of one kind, whichever numbers it names. What is no
   *   `ZoologError` is a fault of ours.
   */
  warn(what: string, fault: unknown, fields: LogFields): void {
    const now = this.#clock.monotonic();
    const name = this.#kindOf(what, fault, now);
    const known = this.#kinds.get(name);
    if (known !== undefined && now - known.saidAt < INTERVAL_MS) {
      known.unsaid += 1;
      return;
    }
    const isExpected = fault instanceof ZoologError;
    const why = { error: errorMessage(fault), ...(isExpected && { hint: fault.hint }), ...fields };
    const say = (more?: LogFields): void => {
      if (isExpected) this.#logger.warn(what, { ...why, ...more });
      else this.#logger.error(what, { ...why, ...more });
    };
    this.#kinds.set(name, { saidAt: now, say, unsaid: 0 });
    say(repeated(known?.unsaid ?? 0));
  }

  /** Says what is counted and not said yet. */
  close(): void {
    for (const name of [...this.#kinds.keys()]) this.#forget(name);
  }

  /** Its reason without numbers; where there are too many reasons, what they have in common. */
  #kindOf(what: string, fault: unknown, now: number): string {
    const code = fault instanceof ZoologError ? fault.code : "fault";
    const reason = `${what} ${code} ${errorMessage(fault).replaceAll(/\d+/g, "#")}`;
    if (this.#kinds.size < KINDS_MAX || this.#kinds.has(reason)) return reason;
    for (const [name, { saidAt }] of this.#kinds) {
      if (now - saidAt >= INTERVAL_MS) this.#forget(name);
    }
    return this.#kinds.size < KINDS_MAX ? reason : `${what} ${code}`;
  }

  #forget(name: string): void {
    const kind = this.#kinds.get(name);
    this.#kinds.delete(name);
    if (kind !== undefined && kind.unsaid > 0) kind.say(repeated(kind.unsaid));
  }
}

function repeated(count: number): LogFields {
  return count === 0 ? {} : { repeated: count };
}
