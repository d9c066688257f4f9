/** Thrown when an invariant of our own code is broken. Nobody catches it to carry on. */
export class AssertionError extends Error {
  override readonly name = "AssertionError";
}

/**
 * States what must be true. A failure is a bug of ours, never an answer to bad input.
 *
 * @throws AssertionError when `condition` is false.
 */
export function assert(condition: boolean, message: string | (() => string)): asserts condition {
  if (!condition) throw new AssertionError(typeof message === "string" ? message : message());
}

/** Ends every `switch` over a union: the compiler proves that it is never reached. */
export function unreachable(value: never): never {
  throw new AssertionError(`unreachable: ${JSON.stringify(value)}`);
}
