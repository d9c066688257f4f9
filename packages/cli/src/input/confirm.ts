import { createInterface } from "node:readline/promises";
import type { Terminal } from "../terminal.ts";

/** Asks on stderr; only "y" and "yes" are consent. */
export async function confirm(terminal: Terminal, question: string): Promise<boolean> {
  const lines = createInterface({ input: terminal.stdin, terminal: false });
  try {
    terminal.talkRaw(`${question} [y/N] `);
    const answer = await lines.question("", { signal: terminal.signal });
    return /^y(es)?$/i.test(answer.trim());
  } finally {
    lines.close();
    terminal.stdin.pause();
  }
}
