export type Violation = { readonly invariant: string; readonly what: string };

/** Something that must hold in every world. Noted as it is broken, and asked for at the end. */
export interface Invariant {
  readonly name: `I${number}`;
  readonly about: string;
  readonly violations: readonly string[];
}

/** Notes of one invariant are cut off here: the first tell the most. */
export const NOTED_VIOLATIONS_MAX = 20;
