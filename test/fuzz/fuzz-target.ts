import { ZoologError } from "@zoolog/base";

/**
 * What became of one input, as a short text: the kinds of answers that a door gives are its
 * branches, so an input with an answer never seen before is kept and mutated further.
 */
export type Outcome = string;

/** One place where bytes of strangers, of a damaged disk or of a broken peer come in. */
export type FuzzTarget = {
  readonly name: string;
  /** The row of the reliability programme. */
  readonly row: string;
  readonly about: string;
  /** Longer inputs are cut. */
  readonly inputBytesMax: number;
  /** Executions of the smoke test of every commit: a second or so. */
  readonly smokeExecutions: number;
  /**
   * One execution may take so long; above it, three times in a row, it is a finding. Where the
   * machine has other work this is the machine's, too: generous.
   */
  readonly slowMs?: number;
  /**
   * The largest single buffer an execution may ask for is twice its input and this; each target
   * says what for.
   */
  readonly allocationSlackBytes: number;
  open(): Promise<Door> | Door;
};

export type Door = {
  /** Valid inputs, made by the production encoders: the first corpus. */
  readonly seeds: readonly Buffer[];
  /** Pieces that mean something here. */
  readonly words?: readonly Buffer[];
  /** Makes checksums and lengths right again, so that what lies behind them is reached. */
  readonly repaired?: (input: Buffer) => Buffer;
  /**
   * One execution. Whatever it throws is a finding, so refusals that are allowed are caught by
   * `refusal`.
   */
  execute(input: Buffer): Outcome | Promise<Outcome>;
  close?(): Promise<void>;
};

/** A rule that the answer to an input broke. */
export class BrokenRule extends Error {
  override readonly name = "BrokenRule";
}

export function mustHold(condition: boolean, what: string | (() => string)): asserts condition {
  if (!condition) throw new BrokenRule(typeof what === "string" ? what : what());
}

/**
 * The outcome of an operational failure, which has a code. Anything else that was thrown is a bug.
 *
 * @throws what it was given when that is no `ZoologError`.
 */
export function refusal(error: unknown): Outcome {
  if (!(error instanceof ZoologError)) throw error;
  return `${error.code} ${shapeOf(error.message)}`;
}

const SHAPE_LENGTH_MAX = 32;

/** A message without its numbers and quotations: one for each place that words it. */
export function shapeOf(message: string): string {
  return message
    .slice(0, 4 * SHAPE_LENGTH_MAX)
    .replaceAll(/"[^"]*"?|\d+/g, "#")
    .slice(0, SHAPE_LENGTH_MAX);
}
