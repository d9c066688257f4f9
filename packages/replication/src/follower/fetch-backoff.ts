/**
 * The first attempts come quickly: most obstacles are an image that is a few milliseconds behind on
 * one of the two brokers, and a failover waits for them. The longest is Kafka's
 * `replica.fetch.backoff.ms`.
 */
const FIRST_MS = 10;
const LONGEST_MS = 1_000;

/** How long to wait after so many failures in a row. */
export function backoffMs(failures: number): number {
  return Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(failures - 1, 10));
}
