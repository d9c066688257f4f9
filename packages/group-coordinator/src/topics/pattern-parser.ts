/**
 * Reads the patterns of topic-pattern.ts. Recursive descent: choice → sequence → repetition → atom.
 */

/** Longer than any list of alternatives a person writes; a topic name itself has up to 249. */
const PATTERN_LENGTH_MAX = 1_024;
/** As RE2. */
const REPETITION_MAX = 1_000;
const NESTING_MAX = 100;

/** What is read, or why it cannot be. */
export function parsePattern(
  source: string,
): { readonly tree: PatternNode } | { readonly tree?: undefined; readonly fault: string } {
  if (source.length > PATTERN_LENGTH_MAX) {
    return { fault: `a pattern has at most ${PATTERN_LENGTH_MAX} characters` };
  }
  const parser = new PatternParser(source);
  const tree = parser.parse();
  return tree === undefined ? { fault: parser.fault ?? "it cannot be read" } : { tree };
}

export type PatternNode =
  | { readonly type: "character"; readonly accepts: CharacterSet }
  | { readonly type: "sequence" | "choice"; readonly parts: readonly PatternNode[] }
  | {
      readonly type: "repeat";
      readonly part: PatternNode;
      readonly min: number;
      readonly max: number;
    };

/** Ranges of UTF-16 units, both ends included. */
export type CharacterSet = {
  readonly ranges: readonly (readonly [number, number])[];
  readonly isNegated: boolean;
};

const DIGITS: CharacterSet["ranges"] = [[48, 57]];
const WORDS: CharacterSet["ranges"] = [...DIGITS, [65, 90], [95, 95], [97, 122]];
const SPACES: CharacterSet["ranges"] = [
  [9, 13],
  [32, 32],
];
const CLASSES: Readonly<Record<string, CharacterSet>> = {
  d: { ranges: DIGITS, isNegated: false },
  D: { ranges: DIGITS, isNegated: true },
  w: { ranges: WORDS, isNegated: false },
  W: { ranges: WORDS, isNegated: true },
  s: { ranges: SPACES, isNegated: false },
  S: { ranges: SPACES, isNegated: true },
};
const ANYTHING: CharacterSet = { ranges: [], isNegated: true };

export function includes({ ranges, isNegated }: CharacterSet, code: number): boolean {
  return ranges.some(([from, to]) => from <= code && code <= to) !== isNegated;
}

/** What cannot be read is `undefined`, and `fault` says why. */
class PatternParser {
  readonly #source: string;
  #at = 0;
  #nesting = 0;
  fault: string | undefined;

  constructor(source: string) {
    this.#source = source;
  }

  parse(): PatternNode | undefined {
    const tree = this.#choice();
    if (tree === undefined) return undefined;
    return this.#at === this.#source.length ? tree : this.#fail("a ) closes no group");
  }

  #fail(fault: string): undefined {
    this.fault ??= fault;
    return undefined;
  }

  #take(text: string): boolean {
    if (!this.#source.startsWith(text, this.#at)) return false;
    this.#at += text.length;
    return true;
  }

  #choice(): PatternNode | undefined {
    const parts: PatternNode[] = [];
    do {
      const part = this.#sequence();
      if (part === undefined) return undefined;
      parts.push(part);
    } while (this.#take("|"));
    return { type: "choice", parts };
  }

  #sequence(): PatternNode | undefined {
    const parts: PatternNode[] = [];
    const isOutermost = this.#nesting === 0;
    if (isOutermost) this.#take("^");
    while (this.#at < this.#source.length && !"|)".includes(this.#source[this.#at] ?? "")) {
      if (isOutermost && this.#takeEndAnchor()) break;
      const part = this.#repetition();
      if (part === undefined) return undefined;
      parts.push(part);
    }
    return { type: "sequence", parts };
  }

  #takeEndAnchor(): boolean {
    return "|".includes(this.#source[this.#at + 1] ?? "|") && this.#take("$");
  }

  #repetition(): PatternNode | undefined {
    const part = this.#atom();
    if (part === undefined) return undefined;
    const bounds = this.#bounds();
    if (bounds === undefined) return part;
    this.#take("?");
    if ("*+?".includes(this.#source[this.#at] ?? "-")) {
      return this.#fail("a repetition follows a repetition");
    }
    const [min, max] = bounds;
    const isTooLong = min > REPETITION_MAX || (max !== Infinity && max > REPETITION_MAX);
    if (isTooLong) return this.#fail(`repeats more than ${REPETITION_MAX} times`);
    if (max < min) return this.#fail("the bounds of a repetition are the wrong way round");
    return { type: "repeat", part, min, max };
  }

  #bounds(): readonly [min: number, max: number] | undefined {
    if (this.#take("*")) return [0, Infinity];
    if (this.#take("+")) return [1, Infinity];
    if (this.#take("?")) return [0, 1];
    const braces = /^\{(\d{1,9})(,(\d{0,9}))?\}/.exec(this.#source.slice(this.#at, this.#at + 24));
    if (braces === null) return undefined;
    const [text, from, comma, to] = braces;
    this.#at += text.length;
    const min = Number(from);
    if (comma === undefined) return [min, min];
    return [min, to === "" || to === undefined ? Infinity : Number(to)];
  }

  #atom(): PatternNode | undefined {
    const character = this.#source[this.#at] ?? "";
    this.#at++;
    switch (character) {
      case "(":
        return this.#group();
      case "[":
        return this.#class();
      case ".":
        return { type: "character", accepts: ANYTHING };
      case "\\": {
        const accepts = this.#escape();
        return accepts === undefined ? undefined : { type: "character", accepts };
      }
      case "*":
      case "+":
      case "?":
        return this.#fail(`nothing stands before ${character}`);
      case "^":
      case "$":
        return this.#fail(`${character} stands only at the start or end of a pattern`);
      default:
        return { type: "character", accepts: only(character.charCodeAt(0)) };
    }
  }

  #group(): PatternNode | undefined {
    if (this.#source[this.#at] === "?" && !this.#take("?:")) {
      return this.#fail("of the groups that begin with (? only (?: is possible");
    }
    if (++this.#nesting > NESTING_MAX) return this.#fail("groups are nested too deep");
    const inside = this.#choice();
    this.#nesting--;
    if (inside === undefined) return undefined;
    return this.#take(")") ? inside : this.#fail("a ( is not closed");
  }

  #escape(): CharacterSet | undefined {
    const character = this.#source[this.#at++];
    if (character === undefined) return this.#fail("nothing follows the last \\");
    const known = CLASSES[character];
    if (known !== undefined) return known;
    if (/[a-zA-Z0-9]/.test(character)) return this.#fail(`\\${character} is not possible`);
    return only(character.charCodeAt(0));
  }

  #class(): PatternNode | undefined {
    const isNegated = this.#take("^");
    const ranges: (readonly [number, number])[] = [];
    for (let isFirst = true; isFirst || !this.#take("]"); isFirst = false) {
      if (this.#at >= this.#source.length) return this.#fail("a [ is not closed");
      const low = this.#classMember();
      if (low === undefined) return undefined;
      const isRange = this.#source[this.#at] === "-" && (this.#source[this.#at + 1] ?? "]") !== "]";
      if (!isRange) {
        ranges.push(...low.ranges);
        continue;
      }
      this.#at++;
      const high = this.#classMember();
      if (high === undefined) return undefined;
      const [from, to] = [singleOf(low), singleOf(high)];
      if (from === undefined || to === undefined || to < from) {
        return this.#fail("a range in [ ] is the wrong way round");
      }
      ranges.push([from, to]);
    }
    return { type: "character", accepts: { ranges, isNegated } };
  }

  #classMember(): CharacterSet | undefined {
    const character = this.#source[this.#at++] ?? "";
    if (character !== "\\") return only(character.charCodeAt(0));
    const set = this.#escape();
    return set?.isNegated === true ? this.#fail("\\D, \\W and \\S do not stand in [ ]") : set;
  }
}

function only(code: number): CharacterSet {
  return { ranges: [[code, code]], isNegated: false };
}

function singleOf({ ranges }: CharacterSet): number | undefined {
  const [range] = ranges;
  return ranges.length === 1 && range?.[0] === range?.[1] ? range?.[0] : undefined;
}
