/** Sub-buckets of each power of two: values are kept to about 1 %. */
const STEPS = 256;
const EXPONENT_MAX = 40;

/** Counts durations and answers percentiles within one percent, in constant memory. */
export class LatencyHistogram {
  readonly #counts = new Float64Array(STEPS * EXPONENT_MAX);
  #total = 0;
  #max = 0;

  /** @param ms any non-negative duration; kept with a microsecond's resolution. */
  record(ms: number, count = 1): void {
    this.#counts[bucketOf(Math.max(0, ms) * 1_000)] =
      (this.#counts[bucketOf(Math.max(0, ms) * 1_000)] ?? 0) + count;
    this.#total += count;
    this.#max = Math.max(this.#max, ms);
  }

  get max(): number {
    return this.#max;
  }

  /** The duration that this share (0 to 1) of all does not exceed, ms; 0 when there are none. */
  percentile(share: number): number {
    let left = share * this.#total;
    for (let bucket = 0; bucket < this.#counts.length; bucket++) {
      left -= this.#counts[bucket] ?? 0;
      if (left <= 0 && this.#total > 0) return Math.min(upperBound(bucket) / 1_000, this.#max);
    }
    return this.#max;
  }
}

function bucketOf(micros: number): number {
  if (micros < STEPS) return Math.floor(micros);
  const exponent = Math.floor(Math.log2(micros / STEPS)) + 1;
  const step = Math.floor(micros / 2 ** exponent);
  return Math.min(exponent * STEPS + step, STEPS * EXPONENT_MAX - 1);
}

function upperBound(bucket: number): number {
  const exponent = Math.floor(bucket / STEPS);
  return ((bucket % STEPS) + 1) * 2 ** exponent;
}
