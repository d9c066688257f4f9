/**
 * The names of the errors in a response, of the whole and of its parts, each once. Walks what may hold
 * some: bytes and lists of plain values do not. Without a list of each part's fields, as an answer may
 * have a hundred thousand parts.
 */
export function errorsOf(response: object): ReadonlySet<string> {
  const found = new Set<string>();
  collectErrors(response, found);
  return found;
}

function collectErrors(part: object, found: Set<string>): void {
  if (Array.isArray(part)) {
    if (typeof part[0] === "object") for (const element of part) collectErrors(element, found);
    return;
  }
  if (ArrayBuffer.isView(part)) return;
  for (const name in part) {
    const value: unknown = part[name as keyof typeof part];
    if (typeof value === "object" && value !== null) collectErrors(value, found);
    else if (name === "errorCode" && typeof value === "string") found.add(value);
  }
}
