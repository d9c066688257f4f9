/**
 * Patterns of topic names, matched by an automaton: the time grows with the length of the name,
 * whatever the pattern. Backtracking matchers can be made to run for years by a pattern of twenty
 * characters, and this one comes from a client.
 *
 * The syntax is RE2's without what topic names do not need: characters, `.`, classes `[a-z]`
 * `[^…]`, `\d \w \s` and their opposites, `\` before any punctuation, groups `(…)` `(?:…)`, `|`, `*`,
 * `+`, `?`, `{n}` `{n,}` `{n,m}` (lazy forms match the same), `^` at the start and `$` at the end of
 * an outermost alternative. The whole name has to match (as in KIP-848). Look-around and references to groups
 * are refused: no automaton can do them.
 */
import { unreachable } from "@zoolog/base";
import { type CharacterSet, includes, type PatternNode, parsePattern } from "./pattern-parser.ts";

/** Repetitions are unrolled: `(a{100}){100}` would be 10,000 states. */
const STATES_MAX = 4_096;
/** Sets of states that are remembered while names are matched; then it begins anew. */
const REMEMBERED_SETS_MAX = 1_024;

export type TopicPattern = { matches(name: string): boolean };

export type PatternResult =
  | { readonly pattern: TopicPattern }
  | { readonly pattern?: undefined; readonly fault: string };

/** Gives a pattern's matcher, or says what is wrong with it. */
export function compilePattern(source: string): PatternResult {
  const parsed = parsePattern(source);
  if (parsed.tree === undefined) return parsed;
  const automaton = new Automaton();
  const start = automaton.build(parsed.tree, automaton.accepting);
  if (start === undefined) return { fault: "the pattern repeats too much" };
  return { pattern: new Matcher(automaton.states, start) };
}

type State =
  | { readonly type: "accepting" }
  | { readonly type: "character"; readonly accepts: CharacterSet; readonly next: number }
  | { readonly type: "fork"; readonly nexts: number[] };

/** Thompson's construction: each node of the tree is a few states that lead to `next`. */
class Automaton {
  readonly states: State[] = [{ type: "accepting" }];
  readonly accepting = 0;
  #built = 0;

  /** The first state of `node`, or nothing when there would be too many. */
  build(node: PatternNode, next: number): number | undefined {
    // Counted for each node, not each state: a thousand times nothing takes its time, too.
    if (++this.#built > STATES_MAX) return undefined;
    switch (node.type) {
      case "character":
        return this.#add({ type: "character", accepts: node.accepts, next });
      case "sequence": {
        let start: number | undefined = next;
        for (const part of [...node.parts].reverse()) {
          if (start !== undefined) start = this.build(part, start);
        }
        return start;
      }
      case "choice": {
        const nexts: number[] = [];
        for (const part of node.parts) {
          const start = this.build(part, next);
          if (start === undefined) return undefined;
          nexts.push(start);
        }
        return this.#add({ type: "fork", nexts });
      }
      case "repeat":
        return this.#repeat(node, next);
      default:
        return unreachable(node);
    }
  }

  #repeat(
    { part, min, max }: Extract<PatternNode, { type: "repeat" }>,
    next: number,
  ): number | undefined {
    let start: number | undefined = next;
    if (max === Infinity) {
      const again: number[] = [next];
      start = this.#add({ type: "fork", nexts: again });
      const body = this.build(part, start);
      if (body === undefined) return undefined;
      again.push(body);
    }
    for (let i = max === Infinity ? min : max; i > 0; i--) {
      const body: number | undefined = this.build(part, start);
      if (body === undefined) return undefined;
      start = i > min ? this.#add({ type: "fork", nexts: [next, body] }) : body;
    }
    return start;
  }

  #add(state: State): number {
    this.states.push(state);
    return this.states.length - 1;
  }
}

/** All states the automaton may be in at one place of a name. */
type StateSet = {
  readonly characters: readonly Extract<State, { type: "character" }>[];
  readonly isAccepting: boolean;
  /** Where a character leads, as far as it was tried. */
  readonly nexts: Map<number, StateSet>;
};

/** Makes of the automaton, as names come, one that is in one state at a time. */
class Matcher {
  readonly #states: readonly State[];
  readonly #start: number;
  readonly #remembered = new Map<string, StateSet>();

  constructor(states: readonly State[], start: number) {
    this.#states = states;
    this.#start = start;
  }

  matches(name: string): boolean {
    let set = this.#set([this.#start]);
    for (let i = 0; i < name.length; i++) {
      if (set.characters.length === 0) return false;
      set = this.#step(set, name.charCodeAt(i));
    }
    return set.isAccepting;
  }

  #step(set: StateSet, code: number): StateSet {
    const known = set.nexts.get(code);
    if (known !== undefined) return known;
    const nexts: number[] = [];
    for (const { accepts, next } of set.characters) if (includes(accepts, code)) nexts.push(next);
    const reached = this.#set(nexts);
    set.nexts.set(code, reached);
    return reached;
  }

  /** The set with everything that is reached from `states` without a character. */
  #set(states: readonly number[]): StateSet {
    const reached = new Set<number>();
    const open = [...states];
    for (let id = open.pop(); id !== undefined; id = open.pop()) {
      if (reached.has(id)) continue;
      reached.add(id);
      const state = this.#states[id];
      if (state?.type === "fork") open.push(...state.nexts);
    }
    const ids = [...reached]
      .filter((id) => this.#states[id]?.type !== "fork")
      .sort((a, b) => a - b);
    const key = ids.join();
    const known = this.#remembered.get(key);
    if (known !== undefined) return known;
    if (this.#remembered.size >= REMEMBERED_SETS_MAX) this.#remembered.clear();
    const found = ids.map((id) => this.#states[id]);
    const set: StateSet = {
      characters: found.filter((state) => state?.type === "character"),
      isAccepting: found.some((state) => state?.type === "accepting"),
      nexts: new Map(),
    };
    this.#remembered.set(key, set);
    return set;
  }
}
