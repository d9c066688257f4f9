/**
 * Whether two servers number their transactions alike: not with the same numbers, but in the same
 * order. Invariant: of any two pairs told so far, the left numbers are equal exactly when the right
 * ones are, and less exactly when the right ones are.
 */
export class ZxidOrder {
  /** By their left number, and so by their right one. */
  readonly #pairs: (readonly [left: number, right: number])[] = [];

  /** What contradicts the pair, or nothing. */
  contradiction(left: number, right: number): string | undefined {
    const at = this.#placeOf(left);
    const [before, same, after] = [this.#pairs[at - 1], this.#pairs[at], this.#pairs[at + 1]];
    if (same?.[0] === left) {
      return same[1] === right ? undefined : `${hex(left)} was ${hex(same[1])}, now ${hex(right)}`;
    }
    if (before !== undefined && right <= before[1]) return order(before, [left, right]);
    if (same !== undefined && right >= same[1]) return order(same, [left, right]);
    if (after !== undefined && right >= after[1]) return order(after, [left, right]);
    this.#pairs.splice(at, 0, [left, right]);
    return undefined;
  }

  /** How many transactions have been seen. */
  get size(): number {
    return this.#pairs.length;
  }

  #placeOf(left: number): number {
    let [low, high] = [0, this.#pairs.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#pairs[middle]?.[0] ?? 0) < left) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function order(known: readonly [number, number], pair: readonly [number, number]): string {
  return `${hex(pair[0])} and ${hex(pair[1])} lie on different sides of ${known.map(hex)}`;
}

function hex(zxid: number): string {
  return `0x${zxid.toString(16)}`;
}
