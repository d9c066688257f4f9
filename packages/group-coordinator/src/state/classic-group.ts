import type { RequestId } from "../group-event.ts";
import type { ClassicMemberValue } from "./stored-group.ts";

/**
 * A group whose members assign partitions among themselves (KIP-62). Immutable.
 *
 * | state | join | sync | heartbeat | ways out |
 * | --- | --- | --- | --- | --- |
 * | `Empty` | → PreparingRebalance | UNKNOWN_MEMBER_ID | UNKNOWN_MEMBER_ID | first join, deleted |
 * | `PreparingRebalance` | parked | REBALANCE_IN_PROGRESS | REBALANCE_IN_PROGRESS | all have joined, or time is over |
 * | `CompletingRebalance` | same again: answered; else → PreparingRebalance | parked | answered | leader's sync → Stable |
 * | `Stable` | leader or changed: → PreparingRebalance; else answered | assignment | answered | join, leave, expiry |
 *
 * A group that does not exist (`undefined`) is Kafka's `Dead`.
 */
export type ClassicGroup = ClassicProgress & {
  readonly type: "classic";
  readonly members: ReadonlyMap<string, ClassicMember>;
  /** Member ids by group instance id. */
  readonly instances: ReadonlyMap<string, string>;
  /** Members that stand in ZooKeeper: those of the last stable generation, and instances since then. */
  readonly stored: ReadonlySet<string>;
  /** Whether the group itself stands there; one that nobody ever completed does not. */
  readonly isStored: boolean;
};

export type ClassicState = "Empty" | "PreparingRebalance" | "CompletingRebalance" | "Stable";

export type ClassicProgress = {
  readonly state: ClassicState;
  readonly generation: number;
  /** Empty: nobody has joined yet. */
  readonly protocolType: string;
  readonly protocol: string | undefined;
  readonly leader: string | undefined;
  /** Ids that were told with MEMBER_ID_REQUIRED and not used yet. */
  readonly pendingMembers: ReadonlySet<string>;
  /** While the first rebalance waits for more members. */
  readonly initialDelay: InitialDelay | undefined;
};

export type InitialDelay = {
  /** By how much the delay may still be extended. */
  readonly remainingMs: number;
  /** Whether somebody has come since it was last armed. */
  readonly hasNewMembers: boolean;
};

export type ClassicMember = ClassicMemberValue & {
  /** The request that is answered when the rebalance has everybody. */
  readonly parkedJoin: RequestId | undefined;
  /** The request that is answered when the leader has assigned. */
  readonly parkedSync: RequestId | undefined;
  /** Has asked for its assignment of this generation. */
  readonly hasSynced: boolean;
};
