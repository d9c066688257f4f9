import { encodedNameFault } from "@zoolog/base";

/**
 * Ids of groups and members come from clients and may be anything; names of znodes may not. They are
 * written as in a URL, so that usual ones stand there as they are.
 */

/**
 * Names of all groups together, as `groupNameBytes` counts them. They are read in one answer, of
 * which a client takes 8 MiB; the rest is left for what hands make there.
 */
export const GROUP_NAMES_BYTES_MAX = 7 * 1024 * 1024;

/** What the name of a group takes in the list of all: its length, then itself. */
export function groupNameBytes(groupId: string): number {
  return 4 + znodeName(groupId).length;
}

/** What is wrong with the id of a group or member, as a predicate; `undefined`: nothing. */
export function groupNameFault(id: string): string | undefined {
  return id === "" ? "is not empty" : encodedNameFault(id);
}

/** @param id without a fault. */
export function znodeName(id: string): string {
  // ZooKeeper takes both for a step in the path.
  if (id === "." || id === "..") return id.replaceAll(".", "%2E");
  return encodeURIComponent(id);
}

/** `undefined` for a name that we would write otherwise: it is nobody's. */
export function idOfName(name: string): string | undefined {
  try {
    const id = decodeURIComponent(name);
    return groupNameFault(id) === undefined && znodeName(id) === name ? id : undefined;
  } catch {
    return undefined;
  }
}
