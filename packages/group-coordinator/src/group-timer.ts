/**
 * - `session:<member>`: not heard of for its session timeout
 * - `pending:<member>`: was told its id and has not joined with it
 * - `revocation:<member>`: has not given up partitions within its rebalance timeout
 * - `initialDelay`: the first rebalance may wait no longer for more members
 * - `join`, `sync`: members have not joined or synced within the rebalance timeout
 */
export type GroupTimerKey =
  | `session:${string}`
  | `pending:${string}`
  | `revocation:${string}`
  | "initialDelay"
  | "join"
  | "sync";

/** Arming again replaces. When it fires, give `decide` the event `timerFired` with this key. */
export type GroupTimer =
  | { readonly type: "arm"; readonly key: GroupTimerKey; readonly afterMs: number }
  | { readonly type: "cancel"; readonly key: GroupTimerKey };
