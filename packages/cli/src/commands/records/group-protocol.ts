import type { AssignorName, GroupDescription } from "@zoolog/client";

/** What the members of a classic group may assign by, of those that the SDK knows. */
const CLASSIC_ASSIGNORS = [
  "range",
  "roundrobin",
  "sticky",
  "cooperative-sticky",
] as const satisfies readonly AssignorName[];

/** Of Kafka's own consumers: who has left theirs alone has one in common with us. */
export const KAFKAS_DEFAULT: readonly AssignorName[] = ["range", "cooperative-sticky"];

/**
 * How to be let into a group whose members have another protocol, or no assignor of ours.
 *
 * @param group as it is now; `undefined` where nobody says.
 */
export function wayIntoGroup(
  group: (Pick<GroupDescription, "type"> & { readonly protocol?: string | undefined }) | undefined,
  ours: "consumer" | "classic",
): string {
  if (group === undefined) return "`zoolog group describe` shows what its members speak.";
  if (group.type === "consumer") {
    return "Its members are assigned to by the coordinator: leave --protocol classic out.";
  }
  const { protocol: theirs } = group;
  const isKnown = CLASSIC_ASSIGNORS.some((name) => name === theirs);
  if (theirs !== undefined && theirs !== "" && !isKnown) {
    return `Its members assign by ${theirs}, which only they know: set one of ${CLASSIC_ASSIGNORS.join(", ")} in them.`;
  }
  const assignor =
    theirs === undefined || theirs === "" || KAFKAS_DEFAULT.some((name) => name === theirs)
      ? ""
      : ` --assignor ${theirs}`;
  if (ours === "consumer") {
    return `Its members assign among themselves: add --protocol classic${assignor}.`;
  }
  return `Offer what they have: --assignor ${theirs || CLASSIC_ASSIGNORS.join(",")}.`;
}
