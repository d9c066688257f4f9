import type { CoordinatorEpoch } from "@zoolog/base";
import type { Read } from "./cluster-snapshot.ts";
import type { StoredGroup, StoredOffset } from "./group-state.ts";
import type { SlotWriter } from "./slot-writer.ts";

/** What the coordinators of groups keep in ZooKeeper: a part of the `CoordinationStore`. */
export interface GroupStore {
  /**
   * Begins to write for a slot. What is read after it is at least as new as everything that any
   * coordinator of the slot has written before.
   *
   * @throws ZoologError `COORDINATOR_FENCED` when the slot is at another epoch.
   */
  openSlot(options: {
    readonly slot: number;
    readonly coordinatorEpoch: CoordinatorEpoch;
  }): Promise<SlotWriter>;
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
