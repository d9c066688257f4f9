/** What the commands of these folders share: numbers, and what they say of what they do not understand. */

export const NOT_UNDERSTOOD = 2;

/** Seeds are hashed as 32-bit words. */
export const SEED_MAX = 2 ** 32 - 1;

/** A new one, to be printed. */
export function drawnSeed(): number {
  return Math.floor(Math.random() * SEED_MAX);
}

/** @throws RangeError for what is none, or out of range. */
export function wholeNumber(
  name: string,
  text: string,
  min: number,
  max = Number.MAX_SAFE_INTEGER,
): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= min && value <= max) return value;
  const range = max === Number.MAX_SAFE_INTEGER ? `from ${min} on` : `from ${min} to ${max}`;
  throw new RangeError(`--${name} takes a whole number ${range}, not ${JSON.stringify(text)}`);
}

/**
 * What `parse` makes of the arguments of `npm run <command>`. Where it does not understand them, the
 * process ends with one line that says why, in place of a stack.
 */
export function understood<T>(command: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    const fault = argumentFault(command, error);
    if (fault === undefined) throw error;
    process.stderr.write(`npm run ${command}: ${fault}\n`);
    process.exit(NOT_UNDERSTOOD);
  }
}

/** What an error says of arguments; `undefined` for one that is about something else. */
export function argumentFault(command: string, error: unknown): string | undefined {
  if (error instanceof RangeError) return error.message;
  const { code = "", message = "" } = error as {
    readonly code?: string;
    readonly message?: string;
  };
  if (!code.startsWith("ERR_PARSE_ARGS")) return undefined;
  // Node's own sentence goes on about positional arguments, which nobody wants here.
  const [what] = message.split(/\.\s+(?=To |Did )/);
  return `${what}. What there is: npm run ${command} -- --help`;
}
