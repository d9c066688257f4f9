/**
 * Longest name of a znode, see docs/formats/znodes.md: what no store takes must not become a group's
 * state. All names of a folder together must fit into one answer of ZooKeeper.
 */
export const ENCODED_NAME_LENGTH_MAX = 1_024;

/**
 * Why no znode can be named by this id of a group or member, as a predicate ("has at most …");
 * `undefined`: one can. Ids are encoded as in a URL there, so that one character of other alphabets is
 * 6, 9 or 12. An empty one is not found out here.
 */
export function encodedNameFault(
  id: string,
  lengthMax = ENCODED_NAME_LENGTH_MAX,
): string | undefined {
  // `encodeURIComponent` would throw.
  if (/\p{Surrogate}/u.test(id))
    return "is text that can be encoded; half of a surrogate pair is not";
  const { length } = encodeURIComponent(id);
  return length > lengthMax
    ? `has at most ${lengthMax} characters, encoded as in a URL; this one ${length}`
    : undefined;
}
