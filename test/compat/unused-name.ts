let names = 0;

/** A name of a topic or a group that nobody has used before. */
export function unusedName(what: string): string {
  names += 1;
  return `compat-${what}-${process.pid}-${names}`;
}
