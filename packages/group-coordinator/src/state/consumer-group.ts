import type { TopicId } from "@zoolog/base";
import type { ConsumerGroupValue, ConsumerMemberValue } from "./stored-group.ts";

/** A group whose partitions the coordinator assigns (KIP-848). Immutable. */
export type ConsumerGroup = ConsumerGroupValue & {
  readonly members: ReadonlyMap<string, ConsumerMemberValue>;
  /** Member ids by group instance id. */
  readonly instances: ReadonlyMap<string, string>;
  /** Who has each partition in `assigned` or `revoking`: nobody else may get it. By partition. */
  readonly owners: ReadonlyMap<TopicId, readonly (string | undefined)[]>;
  /** Whether the targets were compared with the topics since the group was loaded. */
  readonly targetsVerified: boolean;
};

/**
 * `Assigning`: the targets are older than the group. `Reconciling`: some member does not have its
 * target yet. As Kafka names them.
 */
export type ConsumerState = "Empty" | "Assigning" | "Reconciling" | "Stable";
