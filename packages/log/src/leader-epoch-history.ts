import type { LeaderEpoch, Offset } from "@zoolog/base";
import type { EpochEndOffset } from "./checkpoint/leader-epochs.ts";
import type { LogState } from "./log-state.ts";

/** Which leader epochs wrote the log (KIP-101). */
export type LeaderEpochHistory = {
  readonly latest: LeaderEpoch | undefined;
  epochForOffset(offset: Offset): LeaderEpoch | undefined;
  /** The greatest epoch up to `epoch` and where it ends; `undefined` for epochs of the future. */
  endOffsetFor(epoch: LeaderEpoch): EpochEndOffset | undefined;
};

/** As it is whenever it is asked: followers ask with each fetch. */
export function leaderEpochsOf(state: LogState): LeaderEpochHistory {
  return {
    get latest() {
      return state.epochs.latest;
    },
    epochForOffset: (offset) => state.epochs.epochForOffset(offset),
    endOffsetFor: (epoch) => state.epochs.endOffsetFor(epoch, state.logEndOffset),
  };
}
