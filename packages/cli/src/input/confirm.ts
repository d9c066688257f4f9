import { createInterface } from "node:readline";
import type { Terminal } from "../terminal.ts";

/** Asks on stderr; only "y" and "yes" are consent. Ctrl-C and the end of the input are no answer. */
export async function confirm(terminal: Terminal, question: string): Promise<boolean> {
  const { signal, stdin } = terminal;
  const lines = createInterface({ input: stdin, terminal: false, signal });
  const answered = new Promise<string | undefined>((resolve) => {
    lines.once("line", resolve);
    lines.once("close", () => resolve(undefined));
  });
  try {
    terminal.talkRaw(`${question} [y/N] `);
    const answer = await answered;
    // The line of the question has no end yet.
    if (answer === undefined) terminal.talk("");
    return answer !== undefined && /^y(es)?$/i.test(answer.trim());
  } finally {
    lines.close();
    stdin.pause();
  }
}
