import type { Random } from "@zoolog/base";

export type BackoffOptions = {
  /** Wait before the second attempt, ms. */
  readonly backoffMs: number;
  /** The wait doubles with each attempt up to this, ms. */
  readonly backoffMaxMs: number;
};

/** Kafka's: waits differ by up to a fifth, so that clients do not come back all at once (KIP-580). */
const JITTER = 0.2;
/** 2^30 is beyond every maximum; more would overflow to Infinity × 0. */
const DOUBLINGS_MAX = 30;

/** How long to wait after `failures` failed attempts (1 or more), in milliseconds. */
export function backoffDelayMs(failures: number, options: BackoffOptions, random: Random): number {
  const doublings = Math.min(Math.max(failures - 1, 0), DOUBLINGS_MAX);
  const delayMs = Math.min(options.backoffMs * 2 ** doublings, options.backoffMaxMs);
  return Math.round(delayMs * (1 - JITTER + 2 * JITTER * random.next()));
}
