/** A name as a person may paste it into a shell: quoted when it is more than one plain word. */
export function shellWord(text: string): string {
  return /^[\p{L}\p{N}_.:@%+=,/][\p{L}\p{N}_.:@%+=,/-]*$/u.test(text)
    ? text
    : `'${text.replaceAll("'", "'\\''")}'`;
}
