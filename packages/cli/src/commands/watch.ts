import { sleep } from "@zoolog/base";
import { systemScheduler } from "@zoolog/host";
import type { CommandContext } from "../context.ts";
import { Screen } from "../output/screen.ts";

/**
 * Shows something over and over until Ctrl-C or `q`: on a terminal in place, elsewhere one picture
 * after the other. A picture that fails is told and tried again: a broker may restart meanwhile.
 */
export async function watch(
  context: CommandContext,
  intervalMs: number,
  picture: () => Promise<readonly string[]>,
): Promise<void> {
  const { terminal } = context;
  const screen = new Screen({ terminal });
  const ending = new AbortController();
  const stop = (): void => ending.abort();
  terminal.signal.addEventListener("abort", stop, { once: true });
  const letGo = terminal.onKey((key) => {
    if (key === "q") stop();
  });
  try {
    while (!ending.signal.aborted && !terminal.signal.aborted) {
      const lines = await picture().catch((error: unknown) => {
        if (terminal.signal.aborted || !terminal.stdoutIsTty) throw error;
        return [context.colours.red(error instanceof Error ? error.message : String(error))];
      });
      if (terminal.stdoutIsTty && context.output.isForPeople) await screen.draw(lines);
      else if (lines.length > 0) await terminal.write(`${lines.join("\n")}\n`);
      await sleep(systemScheduler, intervalMs, ending.signal).catch(() => {});
    }
  } catch (error) {
    if (!terminal.signal.aborted) throw error;
  } finally {
    letGo();
    terminal.signal.removeEventListener("abort", stop);
    await screen.close();
  }
}
