import type { Terminal } from "../terminal.ts";

const HOME = "\u001b[H";
const CLEAR_LINE = "\u001b[K";
const CLEAR_BELOW = "\u001b[J";
const OTHER_SCREEN = "\u001b[?1049h";
const FORMER_SCREEN = "\u001b[?1049l";
const HIDE_CURSOR = "\u001b[?25l";
const SHOW_CURSOR = "\u001b[?25h";

/**
 * A whole terminal that is drawn over and over, and given back as it was. Lines are cut to its
 * width: one that wraps would push the first ones out.
 */
export class Screen {
  readonly #terminal: Terminal;
  #isOpen = false;

  constructor(dependencies: { readonly terminal: Terminal }) {
    this.#terminal = dependencies.terminal;
  }

  async draw(lines: readonly string[]): Promise<void> {
    const { stdoutColumns, stdoutRows } = this.#terminal;
    const shown = lines.slice(0, stdoutRows - 1).map((line) => cut(line, stdoutColumns));
    const open = this.#isOpen ? "" : `${OTHER_SCREEN}${HIDE_CURSOR}`;
    this.#isOpen = true;
    const text = shown.map((line) => `${line}${CLEAR_LINE}\r\n`).join("");
    await this.#terminal.write(`${open}${HOME}${text}${CLEAR_BELOW}`);
  }

  /** Idempotent. */
  async close(): Promise<void> {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    await this.#terminal.write(`${SHOW_CURSOR}${FORMER_SCREEN}`);
  }
}

/** So many columns of a text; colours take none. */
function cut(line: string, columns: number): string {
  let width = 0;
  let cutLine = "";
  // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences begin with one.
  for (const part of line.split(/(\u001b\[[0-9;]*m)/)) {
    if (part.startsWith("\u001b")) {
      cutLine += part;
      continue;
    }
    const characters = [...part];
    cutLine += characters.slice(0, Math.max(0, columns - width)).join("");
    width += characters.length;
  }
  return cutLine;
}
