import { encodedNameFault } from "@zoolog/base";

/**
 * Coordinators are placed by slot, not by group: the controller gives every slot a broker. The
 * number is part of what stands in ZooKeeper (`/coordinators/<slot>`) and never changes.
 */
export const COORDINATOR_SLOTS = 64;

/** The slot of a group: Java's `String.hashCode`, without its sign, modulo the slots. */
export function coordinatorSlot(groupId: string): number {
  let hash = 0;
  for (let i = 0; i < groupId.length; i++) hash = (Math.imul(31, hash) + groupId.charCodeAt(i)) | 0;
  return (hash & 0x7fffffff) % COORDINATOR_SLOTS;
}

/** Kafka sets no limit; a group is a znode's name, and a topic's name has the same one. */
const GROUP_ID_LENGTH_MAX = 249;

/** Says what is wrong with a group's id, or nothing when it is legal. */
export function groupIdFault(groupId: string): string | undefined {
  if (groupId.length === 0) return "a group id cannot be empty";
  if (groupId.length > GROUP_ID_LENGTH_MAX) {
    return `a group id has at most ${GROUP_ID_LENGTH_MAX} characters, this one ${groupId.length}`;
  }
  const fault = encodedNameFault(groupId);
  return fault === undefined ? undefined : `a group id ${fault}`;
}
