import type { RequiredAcks } from "@zoolog/protocol";
import { type ReplicaError, replicaError } from "../replica-error.ts";

/**
 * What this broker may acknowledge, asked at the moment of each acknowledgement.
 * - `"lease"`: nobody can have taken what it holds in ZooKeeper: everything.
 * - `"epochsOnly"`: ZooKeeper is silent, so it may have been replaced as leader without knowing it:
 *   only what followers have confirmed, as they refuse leaders of the past (and what is in the only
 *   replica, which nobody can have taken over).
 * - `"none"`: the process stood still for longer than its lease: nothing, until the cluster image is
 *   confirmed or the lease is held again.
 */
export type Authority = "lease" | "epochsOnly" | "none";

/** Why an append that is done must not be acknowledged; nothing when it may. */
export function withheld(
  authority: Authority,
  append: { readonly requiredAcks: RequiredAcks; readonly replicas: number },
): ReplicaError | undefined {
  const isSafe =
    authority === "lease" ||
    (authority === "epochsOnly" && (append.requiredAcks === "all" || append.replicas === 1));
  if (isSafe) return undefined;
  return replicaError(
    "NOT_LEADER_OR_FOLLOWER",
    "the broker lost touch with ZooKeeper and may have been replaced as leader",
  );
}
