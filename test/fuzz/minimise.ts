/** Executions that a finding is worth; slow ones may take as many seconds. */
const TRIES_MAX = 600;
const MILLISECONDS_MAX = 20_000;

/** Removes what the finding does not need, then zeros what it needs only to be there. */
export async function minimised(
  input: Buffer,
  isSame: (input: Buffer) => Promise<boolean>,
): Promise<Buffer> {
  const endsAt = performance.now() + MILLISECONDS_MAX;
  let smallest = input;
  let tries = 0;
  const attempt = async (candidate: Buffer): Promise<boolean> => {
    tries += 1;
    if (!(await isSame(candidate))) return false;
    smallest = candidate;
    return true;
  };
  const mayGoOn = (): boolean => tries < TRIES_MAX && performance.now() < endsAt;
  for (let piece = smallest.length >> 1; piece > 0; piece >>= 1) {
    for (let at = 0; at < smallest.length && mayGoOn(); ) {
      const rest = [smallest.subarray(0, at), smallest.subarray(at + piece)];
      if (!(await attempt(Buffer.concat(rest)))) at += piece;
    }
  }
  for (let at = 0; at < smallest.length && mayGoOn(); at++) {
    if (smallest[at] === 0) continue;
    const zeroed = Buffer.from(smallest);
    zeroed[at] = 0;
    await attempt(zeroed);
  }
  return smallest;
}
