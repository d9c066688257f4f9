import { type Invariant, note } from "./invariant.ts";

/** One seed is one world: without it nothing that was found could be found again. */
export class SameTrace implements Invariant {
  readonly name = "I18";
  readonly about = "two runs of the same options have the same trace";
  readonly violations: string[] = [];
  readonly #hash: string;

  /** @param first what a run told of itself. */
  constructor(first: { readonly hash: string }) {
    this.#hash = first.hash;
  }

  ranAgain({ hash }: { readonly hash: string }): void {
    if (hash !== this.#hash) note(this.violations, `${this.#hash}, then ${hash}`);
  }
}
