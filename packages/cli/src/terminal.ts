import { setMaxListeners } from "node:events";
import type { Readable, Writable } from "node:stream";
import { errorCode } from "@zoolog/base";

export type TerminalParts = {
  readonly stdin: Readable & { readonly isTTY?: boolean };
  readonly stdout: Writable & { readonly isTTY?: boolean };
  readonly stderr: Writable & { readonly isTTY?: boolean; readonly columns?: number };
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Calls the listener on Ctrl-C and on a polite kill; answers how to stop listening. */
  readonly onInterrupt: (listener: () => void) => () => void;
};

/**
 * Where a command meets its caller: **stdout is data, stderr is talk.** When whoever reads stdout
 * goes away (`| head`), `signal` aborts and the command ends quietly; on Ctrl-C, too, and `talk` may
 * still say a last word.
 */
export class Terminal {
  readonly stdin: TerminalParts["stdin"];
  readonly env: TerminalParts["env"];
  readonly #parts: TerminalParts;
  readonly #ending = new AbortController();
  readonly #stopListening: () => void;
  #interrupted = false;
  #drained: Promise<void> | undefined;

  constructor(parts: TerminalParts) {
    setMaxListeners(0, this.#ending.signal);
    this.stdin = parts.stdin;
    this.env = parts.env;
    this.#parts = parts;
    for (const stream of [parts.stdout, parts.stderr]) {
      stream.on("error", (error: unknown) => {
        if (errorCode(error) === "EPIPE") this.#ending.abort(error);
      });
    }
    this.#stopListening = parts.onInterrupt(() => {
      this.#interrupted = true;
      this.#ending.abort(new Error("interrupted"));
    });
  }

  /** Aborts when the command should end: Ctrl-C, or nobody reads any more. */
  get signal(): AbortSignal {
    return this.#ending.signal;
  }

  get interrupted(): boolean {
    return this.#interrupted;
  }

  /** A person can answer questions. */
  get asksPeople(): boolean {
    return this.#parts.stdin.isTTY === true && this.#parts.stderr.isTTY === true;
  }

  get stdoutIsTty(): boolean {
    return this.#parts.stdout.isTTY === true;
  }

  get stderrIsTty(): boolean {
    return this.#parts.stderr.isTTY === true;
  }

  get stderrColumns(): number {
    return this.#parts.stderr.columns ?? 80;
  }

  /** Writes data. Resolves when there is room for more: a slow reader slows the command down. */
  write(data: string | Uint8Array): Promise<void> {
    if (this.signal.aborted && !this.#interrupted) return Promise.resolve();
    if (this.#parts.stdout.write(data)) return Promise.resolve();
    this.#drained ??= new Promise((resolve) => {
      const done = (): void => {
        this.#drained = undefined;
        this.signal.removeEventListener("abort", done);
        this.#parts.stdout.removeListener("drain", done);
        resolve();
      };
      this.#parts.stdout.once("drain", done);
      this.signal.addEventListener("abort", done, { once: true });
    });
    return this.#drained;
  }

  /** A line for the person. */
  talk(line: string): void {
    this.#parts.stderr.write(`${line}\n`);
  }

  /** Without a line end: progress bars, questions. */
  talkRaw(text: string): void {
    this.#parts.stderr.write(text);
  }

  /** Ends the listening, so that the process can end. */
  release(): void {
    this.#stopListening();
  }
}

/** The process's own. */
export function processTerminal(): Terminal {
  return new Terminal({
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    env: process.env,
    onInterrupt: (listener) => {
      const onSignal = (): void => {
        // A second Ctrl-C does not wait for anything.
        process.removeListener("SIGINT", onSignal);
        process.removeListener("SIGTERM", onSignal);
        listener();
      };
      process.on("SIGINT", onSignal);
      process.on("SIGTERM", onSignal);
      return () => {
        process.removeListener("SIGINT", onSignal);
        process.removeListener("SIGTERM", onSignal);
      };
    },
  });
}
