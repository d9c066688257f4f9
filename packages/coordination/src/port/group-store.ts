import type { CoordinatorEpoch } from "@zoolog/base";
import type { Read } from "./cluster-snapshot.ts";
import type { StoredGroup, StoredOffset } from "./group-state.ts";
import type { SlotWriter } from "./slot-writer.ts";

/** A slot, and the epoch under which it is written for. */
export type SlotAtEpoch = {
  readonly slot: number;
  readonly coordinatorEpoch: CoordinatorEpoch;
};

/** What the coordinators of groups keep in ZooKeeper: a part of the `CoordinationStore`. */
export interface GroupStore {
  /**
   * Begins to write for slots, and answers their writers, in the same order. What is read after it is
   * at least as new as everything that any coordinator of them has written before. A slot that is at
   * another epoch, or whose session ended on the way, has no writer, and holds up no other.
   *
   * @throws ZoologError `COORDINATION_UNAVAILABLE` (retriable), `STORE_CLOSED`.
   */
  openSlots(slots: readonly SlotAtEpoch[]): Promise<readonly SlotWriter[]>;
  /**
   * The groups that are wanted, or these, with their members. A fault's `name` is the group's id.
   */
  readGroups(
    wanted: ((groupId: string) => boolean) | readonly string[],
  ): Promise<Read<readonly StoredGroup[]>>;
  /**
   * Offsets that are there; a partition without one is left out. A fault's `name` is
   * `"<topic>-<partition>"`.
   */
  readOffsets(
    groupId: string,
    of: readonly { readonly topic: string; readonly partitions: readonly number[] }[] | "all",
  ): Promise<Read<readonly StoredOffset[]>>;
}
