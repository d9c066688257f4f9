import { type BrokerId, errorCode, errorMessage, ZoologError } from "@zoolog/base";

/** Refusals of coordinators; what a group itself refuses comes from its core. */

export function notCoordinator(groupId: string, coordinator?: BrokerId): ZoologError {
  const who = coordinator === undefined ? "another broker" : `broker ${coordinator}`;
  return new ZoologError({
    code: "NOT_COORDINATOR",
    message: `${who} coordinates the group ${groupId}, not this one`,
    retriable: true,
    hint: "Ask find-coordinator of any broker, and try again there.",
  });
}

export function coordinatorNotAvailable(why: string): ZoologError {
  return new ZoologError({
    code: "COORDINATOR_NOT_AVAILABLE",
    message: why,
    retriable: true,
    hint: "Try again in a moment.",
  });
}

export function coordinatorLoading(groupId: string): ZoologError {
  return new ZoologError({
    code: "COORDINATOR_LOAD_IN_PROGRESS",
    message: `what ZooKeeper holds of the group ${groupId} is being read`,
    retriable: true,
    hint: "Try again in a moment.",
  });
}

/** What stands in its znodes cannot be read. `fault` names the znode. */
export function groupUnreadable(
  groupId: string,
  fault: string,
  hint = "Mend the znode with zkCli (docs/formats/znodes.md has the format).",
): ZoologError {
  return new ZoologError({
    code: "COORDINATOR_NOT_AVAILABLE",
    message: `the group ${groupId} cannot be coordinated: ${fault}`,
    retriable: true,
    hint,
  });
}

/** It can be read, but what it says cannot be, or we are mistaken. */
export function groupBroken(groupId: string, fault: string): ZoologError {
  const path = `/consumers/${encodeURIComponent(groupId)}`;
  const hint = `It is read again every few seconds: look at ${path} with zkCli, mend it or delete it.`;
  return groupUnreadable(groupId, `${fault} (znode ${path})`, hint);
}

export function tooManyGroups(what: string): ZoologError {
  return new ZoologError({
    code: "THROTTLING_QUOTA_EXCEEDED",
    message: `this broker coordinates as many ${what} as it has room for`,
    retriable: true,
    hint: "Delete groups that are not used, or add brokers.",
  });
}

/** See `GroupNames`. */
export function noRoomForName(groupId: string): ZoologError {
  return new ZoologError({
    code: "POLICY_VIOLATION",
    message: `there is no room for the group ${groupId}: the names of all groups must fit into one list`,
    hint: "Delete groups that are not used, or choose short names (docs/operating/sizing.md).",
  });
}

export function invalidGroupId(fault: string): ZoologError {
  return new ZoologError({ code: "INVALID_GROUP_ID", message: fault, hint: "Name the group." });
}

export function commitTimedOut(): ZoologError {
  return new ZoologError({
    code: "REQUEST_TIMED_OUT",
    message: "ZooKeeper did not take it in time; it may still happen",
    retriable: true,
    hint: "Try again: the newest commit counts.",
  });
}

/** What a caller is told whose change could not be written. */
export function notWritten(groupId: string, error: unknown): ZoologError {
  switch (errorCode(error) ?? "") {
    case "COORDINATOR_FENCED":
    case "STORE_CLOSED":
      return notCoordinator(groupId);
    case "COORDINATOR_BUSY":
      return coordinatorNotAvailable("more is to be written to ZooKeeper than it takes");
    case "GROUP_NAME_UNUSABLE":
      return new ZoologError({
        code: "INVALID_REQUEST",
        message: errorMessage(error),
        hint: "Choose another name: it is that of a znode.",
      });
    case "GROUP_TOO_LARGE":
      return new ZoologError({
        code: "INVALID_REQUEST",
        message: errorMessage(error),
        hint: "Subscribe to fewer topics, by a pattern, or make smaller assignments.",
      });
    default:
      return coordinatorNotAvailable(`ZooKeeper did not take it: ${errorMessage(error)}`);
  }
}

/** The writer says that nothing of the change was taken, and goes on. */
export function tookNothing(error: unknown): boolean {
  const codes = ["COORDINATOR_BUSY", "GROUP_NAME_UNUSABLE", "GROUP_TOO_LARGE"];
  return codes.includes(errorCode(error) ?? "");
}
