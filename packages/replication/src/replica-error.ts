import type { BrokerId, LeaderEpoch } from "@zoolog/base";
import type { ErrorCode, RecordError } from "@zoolog/protocol";

/** An expected refusal of one partition, by Kafka's name, with a sentence for a person. */
export type ReplicaError = {
  readonly error: ErrorCode;
  readonly message: string;
  /** Who leads instead, when that is known (KIP-951). */
  readonly currentLeader?: { readonly brokerId: BrokerId; readonly leaderEpoch: LeaderEpoch };
  /** Which records of a batch it is refused for (KIP-467). */
  readonly recordErrors?: readonly RecordError[];
};

export function replicaError(error: ErrorCode, message: string): ReplicaError {
  return { error, message };
}
