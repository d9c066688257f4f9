/** How often a terminal, and how often a log file, is told how far it is, ms. */
const TERMINAL_MS = 200;
const FILE_MS = 15_000;

/** One line on stderr that is written over where that can be done, and a line now and then elsewhere. */
export class ProgressLine {
  readonly #isTerminal = process.stderr.isTTY === true;
  #toldAt = performance.now();

  show(text: string): void {
    const now = performance.now();
    if (now - this.#toldAt < (this.#isTerminal ? TERMINAL_MS : FILE_MS)) return;
    this.#toldAt = now;
    process.stderr.write(this.#isTerminal ? `\r\u001b[K${text}` : `${text}\n`);
  }

  /** Makes room for other lines. */
  clear(): void {
    if (this.#isTerminal) process.stderr.write("\r\u001b[K");
  }
}
