/** Names further away than this are not a typing error: no suggestion is better than a wrong one. */
const TYPING_ERRORS_MAX = 3;

/** The known name that was probably meant, if one is near enough. */
export function nearestName(name: string, known: readonly string[]): string | undefined {
  const wanted = bare(name);
  let nearest: { readonly name: string; readonly distance: number } | undefined;
  for (const candidate of known) {
    const distance = editDistance(wanted, bare(candidate));
    const limit = Math.min(TYPING_ERRORS_MAX, Math.floor(candidate.length / 2));
    if (distance <= limit && (nearest === undefined || distance < nearest.distance)) {
      nearest = { name: candidate, distance };
    }
  }
  return nearest?.name;
}

/** `broker_id`, `brokerId` and `broker.id` are the same word to a person. */
function bare(name: string): string {
  return name.toLowerCase().replaceAll(/[._-]/g, "");
}

/** Levenshtein's distance, one row at a time. */
function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 0; i < a.length; i++) {
    const row = [i + 1];
    for (let j = 0; j < b.length; j++) {
      const substitution = (previous[j] ?? 0) + (a[i] === b[j] ? 0 : 1);
      row.push(Math.min(substitution, (previous[j + 1] ?? 0) + 1, (row[j] ?? 0) + 1));
    }
    previous = row;
  }
  return previous[b.length] ?? 0;
}
