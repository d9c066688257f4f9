/**
 * The names of the errors in a response, of the whole and of its parts, each once. Walks what may hold
 * some: bytes and lists of plain values do not.
 */
export function errorsOf(response: object, found: Set<string> = new Set()): ReadonlySet<string> {
  for (const [name, value] of Object.entries(response)) {
    if (name === "errorCode" && typeof value === "string") found.add(value);
    else if (mayHoldErrors(value)) errorsOf(value, found);
  }
  return found;
}

function mayHoldErrors(value: unknown): value is object {
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return false;
  return !Array.isArray(value) || typeof value[0] === "object";
}
