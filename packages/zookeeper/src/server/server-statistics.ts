/** What `srvr`, `stat` and `mntr` tell about the work done. */
export class ServerStatistics {
  received = 0;
  sent = 0;
  #latencyMsMin = Number.POSITIVE_INFINITY;
  #latencyMsMax = 0;
  #latencyMsSum = 0;
  #answered = 0;

  noteAnswer(latencyMs: number): void {
    this.#answered += 1;
    this.#latencyMsSum += latencyMs;
    if (latencyMs < this.#latencyMsMin) this.#latencyMsMin = latencyMs;
    if (latencyMs > this.#latencyMsMax) this.#latencyMsMax = latencyMs;
  }

  /** Whole milliseconds, the average with up to 4 decimals, as ZooKeeper prints them. */
  get latencyMs(): { readonly min: number; readonly average: number; readonly max: number } {
    if (this.#answered === 0) return { min: 0, average: 0, max: 0 };
    const average = Math.round((this.#latencyMsSum / this.#answered) * 10_000) / 10_000;
    return { min: Math.floor(this.#latencyMsMin), average, max: Math.floor(this.#latencyMsMax) };
  }
}
