import type { CoordinationStore } from "@zoolog/coordination";

/**
 * Share of the session timeout that is given away: an answer is on its way for a while after the
 * check, and the clocks of two machines do not run alike.
 */
const LEASE_MARGIN = 0.1;

/**
 * True while nobody can have taken what this broker holds in ZooKeeper, by its own monotonic clock.
 * Asked at the moment of an acknowledgement, so that a process that was frozen cannot miss its end.
 */
export function holdsLease(
  store: Pick<CoordinationStore, "leaseRemainingMs" | "sessionTimeoutMs">,
): boolean {
  return store.leaseRemainingMs() > store.sessionTimeoutMs * LEASE_MARGIN;
}

/** How long a lease lasts that was renewed just now, milliseconds. */
export function leaseMs(store: Pick<CoordinationStore, "sessionTimeoutMs">): number {
  return store.sessionTimeoutMs * (1 - LEASE_MARGIN);
}
