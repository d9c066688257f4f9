import { type BrokerId, type LeaderEpoch, unreachable } from "@zoolog/base";
import type { Leadership } from "../leader/leadership.ts";
import { type ReplicaError, replicaError } from "../replica-error.ts";
import type { PartitionState } from "./partition-state.ts";

/** Who is asking: for the sentences in refusals. */
export type Self = { readonly brokerId: BrokerId; readonly key: string };

/**
 * The leader's state, when this broker leads in the epoch that the caller believes in (KIP-320). A
 * caller of an older epoch is fenced; one of a newer epoch knows more than this broker.
 */
export function requireLeader(
  state: PartitionState,
  self: Self,
  leaderEpoch: LeaderEpoch | undefined,
): Leadership | ReplicaError {
  if (state.role !== "leader") return notLeader(state, self);
  if (leaderEpoch === undefined || leaderEpoch === state.leaderEpoch) return state;
  if (leaderEpoch < state.leaderEpoch) {
    const message = `leader epoch ${leaderEpoch} is over, this is ${state.leaderEpoch}`;
    const currentLeader = { brokerId: self.brokerId, leaderEpoch: state.leaderEpoch };
    return { error: "FENCED_LEADER_EPOCH", message, currentLeader };
  }
  const message = `leader epoch ${leaderEpoch} is not known here yet, this is ${state.leaderEpoch}`;
  return replicaError("UNKNOWN_LEADER_EPOCH", message);
}

/** Why this broker does not serve the partition, and who may. */
export function notLeader(state: PartitionState, self: Self): ReplicaError {
  switch (state.role) {
    case "offline":
      return replicaError("KAFKA_STORAGE_ERROR", state.error.message);
    case "follower": {
      const { leader: brokerId, leaderEpoch } = state;
      if (brokerId === undefined) {
        return replicaError("LEADER_NOT_AVAILABLE", `${self.key} has no leader`);
      }
      const message = `broker ${self.brokerId} follows ${self.key}`;
      const currentLeader = { brokerId, leaderEpoch };
      return { error: "NOT_LEADER_OR_FOLLOWER", message, currentLeader };
    }
    case "leader":
    case "unassigned":
      return replicaError("NOT_LEADER_OR_FOLLOWER", `an election of ${self.key} is under way`);
    case "closed":
      return replicaError("NOT_LEADER_OR_FOLLOWER", `${self.key} is not served here any more`);
    default:
      return unreachable(state);
  }
}
