export type Violation = { readonly invariant: string; readonly what: string };

/** Something that must hold in every world. Noted as it is broken, and asked for at the end. */
export interface Invariant {
  readonly name: `I${number}`;
  /** What must hold, in a sentence, and where that is asked for. */
  readonly about: string;
  readonly violations: readonly string[];
  /** Looks that take a world that has come to its end; time may go on meanwhile. */
  atEnd?(): Promise<void>;
}

/** Notes of one invariant are cut off here: the first tell the most. */
const NOTED_VIOLATIONS_MAX = 20;

export function note(violations: string[], what: string): void {
  if (violations.length < NOTED_VIOLATIONS_MAX) violations.push(what);
}
