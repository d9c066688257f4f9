/** Reading for less than this says nothing: what is under way comes now or a moment later. */
const MEASURED_MS_MIN = 500;

/** How long one request has been read and how fast it comes; time in which nobody reads does not count. */
export class ReadingPace {
  #bytes = 0;
  #readMs = 0;
  #readingSince: number | undefined;
  /** In `readMs`. */
  #lookedAt = 0;

  received(bytes: number): void {
    this.#bytes += bytes;
  }

  setReading(isReading: boolean, now: number): void {
    this.#readMs = this.readMs(now);
    this.#readingSince = isReading ? now : undefined;
  }

  /** Since the request began. */
  readMs(now: number): number {
    return this.#readMs + (this.#readingSince === undefined ? 0 : now - this.#readingSince);
  }

  /** Bytes per ms since the last look that could say it; `undefined`: it is too early. */
  look(now: number): number | undefined {
    const readMs = this.readMs(now);
    const passedMs = readMs - this.#lookedAt;
    if (passedMs < MEASURED_MS_MIN) return undefined;
    const bytesPerMs = this.#bytes / passedMs;
    this.#bytes = 0;
    this.#lookedAt = readMs;
    return bytesPerMs;
  }
}
