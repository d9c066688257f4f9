import { ByteBudget } from "./byte-budget.ts";

/** What longer requests bring counts among those of large ones: many small ones fit beside each other. */
export const SMALL_REQUEST_BYTES_MAX = 64 * 1024;

/** Of all bytes in flight: what large requests have of it together. Answers may fill three quarters. */
const PART_OF_LARGE_REQUESTS = 1 / 2;

/**
 * Room of large requests of all planes, beside what they take of all bytes in flight: however many of
 * them are half-sent, answers keep a quarter of the bytes in flight. For one there is always room.
 */
export function largeRequestBudget(options: {
  readonly requestBytesMax: number;
  readonly inFlightBytesMax: number;
}): ByteBudget {
  const { requestBytesMax, inFlightBytesMax } = options;
  return new ByteBudget({
    bytesMax: Math.max(requestBytesMax, inFlightBytesMax * PART_OF_LARGE_REQUESTS),
  });
}
