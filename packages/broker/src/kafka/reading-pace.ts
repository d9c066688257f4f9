/** Reading for less than this says nothing: one chunk comes now or a moment later. */
const MEASURED_MS_MIN = 100;

/** How fast one request comes while it is read; time in which nobody reads does not count. */
export class ReadingPace {
  #bytes = 0;
  #readMs = 0;
  #readingSince: number | undefined;
  #latest: number | undefined;

  /** Reading begins. */
  constructor(now: number) {
    this.#readingSince = now;
  }

  received(bytes: number): void {
    this.#bytes += bytes;
  }

  setReading(isReading: boolean, now: number): void {
    if (isReading) {
      this.#readingSince ??= now;
    } else {
      this.#readMs = this.#readMsUntil(now);
      this.#readingSince = undefined;
    }
  }

  /** Bytes per ms since the last look that could say it; `undefined`: it is too early for any. */
  look(now: number): number | undefined {
    const readMs = this.#readMsUntil(now);
    if (readMs < MEASURED_MS_MIN) return this.#latest;
    this.#latest = this.#bytes / readMs;
    this.#bytes = 0;
    this.#readMs = 0;
    if (this.#readingSince !== undefined) this.#readingSince = now;
    return this.#latest;
  }

  #readMsUntil(now: number): number {
    return this.#readMs + (this.#readingSince === undefined ? 0 : now - this.#readingSince);
  }
}
