import type { Clock, Scheduler, Timer } from "@zoolog/base";
import type { Terminal } from "../terminal.ts";
import { humanBytes, humanCount, humanDuration } from "./quantity.ts";

/** Often enough to be alive, seldom enough to cost nothing. */
const REDRAW_MS = 200;
const BAR_COLUMNS_MAX = 30;

export type ProgressState = {
  readonly records: number;
  readonly bytes: number;
  /** When it is known: the size of the input. */
  readonly bytesTotal?: number | undefined;
};

/** A line on stderr that is drawn over and over; nothing at all where stderr is no terminal. */
export class Progress {
  readonly #terminal: Terminal;
  readonly #clock: Clock;
  readonly #state: () => ProgressState;
  readonly #startedAt: number;
  readonly #timer: Timer | undefined;

  constructor(
    state: () => ProgressState,
    dependencies: {
      readonly terminal: Terminal;
      readonly clock: Clock;
      readonly scheduler: Scheduler;
    },
  ) {
    this.#state = state;
    this.#terminal = dependencies.terminal;
    this.#clock = dependencies.clock;
    this.#startedAt = this.#clock.monotonic();
    if (!this.#terminal.stderrIsTty) return;
    this.#timer = dependencies.scheduler.every(REDRAW_MS, () => this.#draw());
  }

  /** Takes the line away. */
  end(): void {
    if (this.#timer === undefined) return;
    this.#timer.cancel();
    this.#terminal.talkRaw("\r\u001b[K");
  }

  #draw(): void {
    const elapsedMs = this.#clock.monotonic() - this.#startedAt;
    const line = progressLine(this.#state(), elapsedMs, this.#terminal.stderrColumns);
    this.#terminal.talkRaw(`\r${line}\u001b[K`);
  }
}

export function progressLine(state: ProgressState, elapsedMs: number, columns: number): string {
  const { bytes, bytesTotal, records } = state;
  const seconds = Math.max(elapsedMs, 1) / 1_000;
  const rate = `${humanCount(records / seconds)} records/s, ${humanBytes(bytes / seconds)}/s`;
  const done = `${humanCount(records)} records, ${rate}`;
  if (bytesTotal === undefined || bytesTotal === 0) return done.slice(0, columns - 1);
  const share = Math.min(1, bytes / bytesTotal);
  const leftMs = share === 0 ? undefined : (elapsedMs / share) * (1 - share);
  const left = leftMs === undefined ? "" : `, ${humanDuration(leftMs)} left`;
  const tail = ` ${`${Math.floor(share * 100)}`.padStart(3)} %  ${done}${left}`;
  const width = Math.min(BAR_COLUMNS_MAX, columns - 3 - tail.length);
  if (width < 5) return tail.trimStart().slice(0, columns - 1);
  const full = Math.round(share * width);
  return `[${"#".repeat(full)}${"-".repeat(width - full)}]${tail}`;
}
