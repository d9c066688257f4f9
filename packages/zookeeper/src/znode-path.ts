/**
 * Says what is wrong with the path of a znode, or nothing when it is legal. The rules are those of
 * ZooKeeper's `PathUtils.validatePath`; both ends of the protocol apply them.
 */
export function znodePathFault(path: string): string | undefined {
  if (path === "") return "it is empty";
  if (!path.startsWith("/")) return "it must start with /";
  if (path === "/") return undefined;
  if (path.endsWith("/")) return "it must not end with /";
  const odd = EMPTY_OR_RELATIVE_NAME.exec(path)?.[1];
  if (odd === "") return "it has an empty name (//)";
  if (odd !== undefined) return `it has a relative name (${odd})`;
  return forbiddenCharacterFault(path);
}

/** A name of no or of one or two dots, up to the next slash or the end. */
const EMPTY_OR_RELATIVE_NAME = /\/(\.{0,2})(?=\/|$)/;

// By UTF-16 unit, as Java's check: characters beyond the BMP (surrogates) and the private use area
// are refused too.
const FORBIDDEN_UNITS: readonly (readonly [from: number, to: number])[] = [
  [0x0000, 0x001f],
  [0x007f, 0x009f],
  [0xd800, 0xf8ff],
  [0xfff0, 0xffff],
];

function forbiddenCharacterFault(path: string): string | undefined {
  for (let i = 0; i < path.length; i++) {
    const unit = path.charCodeAt(i);
    if (unit > 0x1f && unit < 0x7f) continue;
    if (FORBIDDEN_UNITS.some(([from, to]) => unit >= from && unit <= to)) {
      return `it has the forbidden character U+${unit.toString(16).padStart(4, "0")}`;
    }
  }
  return undefined;
}
