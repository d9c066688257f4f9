import type { AbortSignalLike, BrokerId } from "@zoolog/base";
import type { ReplicateRequest, ReplicateResponse } from "@zoolog/protocol";

/** How a follower reaches the brokers that lead. */
export interface ReplicaPeers {
  /**
   * Rejects with CONNECTION_REFUSED, NETWORK_EXCEPTION, REQUEST_TIMED_OUT, BROKER_NOT_AVAILABLE (no
   * endpoint known), STALE_BROKER_EPOCH; with the signal's reason when that aborts.
   */
  replicate(
    leader: BrokerId,
    request: ReplicateRequest,
    options: {
      readonly signal: AbortSignalLike;
      readonly timeoutMs: number;
      /** Until the answer begins; the rest of it has `timeoutMs`. */
      readonly answerBeginsMs: number;
    },
  ): Promise<ReplicateResponse>;
}
