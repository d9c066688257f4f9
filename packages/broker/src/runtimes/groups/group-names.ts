import { GROUP_NAMES_BYTES_MAX, groupNameBytes } from "@zoolog/coordination";
import { COORDINATOR_SLOTS } from "@zoolog/group-coordinator";

/** So that all slots together stay below what can be listed, without asking each other. */
export const SLOT_NAMES_BYTES_MAX = Math.floor(GROUP_NAMES_BYTES_MAX / COORDINATOR_SLOTS);

/**
 * The names of one slot's groups. All groups are listed in one answer of ZooKeeper when a slot is
 * taken over: one group too many, and nobody could take over any.
 */
export class GroupNames {
  readonly #names = new Set<string>();
  #bytes = 0;

  /** How much of the room is taken, from 0 to 1, or more by what hands have made. */
  get used(): number {
    return this.#bytes / SLOT_NAMES_BYTES_MAX;
  }

  hasRoomFor(groupId: string): boolean {
    if (this.#names.has(groupId)) return true;
    return this.#bytes + groupNameBytes(groupId) <= SLOT_NAMES_BYTES_MAX;
  }

  add(groupId: string): void {
    if (this.#names.has(groupId)) return;
    this.#names.add(groupId);
    this.#bytes += groupNameBytes(groupId);
  }

  delete(groupId: string): void {
    if (this.#names.delete(groupId)) this.#bytes -= groupNameBytes(groupId);
  }
}
