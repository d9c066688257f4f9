import { ZoologError } from "@zoolog/base";

/** In one call, as in one of the native plane: each has an answer that is longer than its name. */
const ASKED_GROUPS_MAX = 10_000;

/**
 * Each once, in the order of the request.
 *
 * @throws ZoologError as `assertGroupCount`.
 */
export function askedGroups(groups: readonly string[]): readonly string[] {
  const distinct = [...new Set(groups)];
  assertGroupCount(distinct.length);
  return distinct;
}

/** @throws ZoologError `INVALID_REQUEST` when there are more than one call may name. */
export function assertGroupCount(count: number): void {
  if (count <= ASKED_GROUPS_MAX) return;
  throw new ZoologError({
    code: "INVALID_REQUEST",
    message: `a call names at most ${ASKED_GROUPS_MAX} groups`,
    hint: "Ask for some of them at a time.",
  });
}
