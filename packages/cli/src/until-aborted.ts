import type { CommandContext } from "./context.ts";

/** Resolves when the signal aborts. */
export function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

/**
 * What `start` opens; nothing when it was given up because of the terminal's signal. Ending when
 * told to is no failure, also of a server that has not finished starting.
 */
export async function startedUnlessEnded<T>(
  { terminal }: CommandContext,
  what: string,
  start: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await start();
  } catch (error) {
    if (error !== terminal.signal.reason) throw error;
    if (terminal.interrupted) terminal.talk(`${what} was told to end before it was ready`);
    return undefined;
  }
}
