import { TIMEOUT_MS_MAX } from "@zoolog/protocol";

/** Clients ask for any 32-bit number of ms; nobody is waited for longer than brokers wait. */
export function boundedTimeoutMs(asked: number): number {
  return Math.min(Math.max(0, asked), TIMEOUT_MS_MAX);
}
