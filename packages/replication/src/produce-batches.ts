import type { AbortSignalLike, LeaderEpoch, TopicPartition } from "@zoolog/base";
import type { RequiredAcks } from "./pending-append.ts";

export type ProduceBatches = {
  readonly requiredAcks: RequiredAcks;
  /** How long `"all"` may wait for the replicas. */
  readonly timeoutMs: number;
  /** Appended in this order. */
  readonly batches: readonly (TopicPartition & {
    readonly records: Buffer;
    readonly leaderEpoch?: LeaderEpoch | undefined;
  })[];
  readonly caller?: ProduceCaller | undefined;
};

export type ProduceCaller = {
  /** Aborted: what is not appended yet is dropped. Asked for only when the call has to wait. */
  readonly signal: AbortSignalLike;
  /** Given what must settle before the memory of the batches is free, also behind the answer. */
  holdWhile(task: Promise<unknown>): Promise<unknown>;
};
