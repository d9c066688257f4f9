import { setMaxListeners } from "node:events";
import type { Readable, Writable } from "node:stream";
import { errorCode } from "@zoolog/base";
import { EXIT, type ExitCode } from "./exit-code.ts";

export type TerminalParts = {
  readonly stdin: Readable & {
    readonly isTTY?: boolean;
    readonly setRawMode?: (isRaw: boolean) => unknown;
  };
  readonly stdout: Writable & {
    readonly isTTY?: boolean;
    readonly columns?: number;
    readonly rows?: number;
  };
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
  #conclusion: ExitCode = EXIT.ok;
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
    this.#stopListening = parts.onInterrupt(() => this.#interrupt());
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

  get stdoutColumns(): number {
    return this.#parts.stdout.columns ?? 80;
  }

  get stdoutRows(): number {
    return this.#parts.stdout.rows ?? 24;
  }

  /** How the command ends when nothing fails; 0 unless somebody concluded otherwise. */
  get conclusion(): ExitCode {
    return this.#conclusion;
  }

  concludeWith(code: ExitCode): void {
    this.#conclusion = code;
  }

  /**
   * Calls the listener for each key that a person presses, without waiting for Enter; answers how
   * to stop. Where stdin is no terminal there are no keys. Ctrl-C stays what it is.
   */
  onKey(listener: (key: string) => void): () => void {
    const { stdin } = this.#parts;
    if (stdin.isTTY !== true || stdin.setRawMode === undefined) return () => {};
    const onData = (data: Buffer | string): void => {
      for (const key of String(data)) {
        if (key === "\u0003") this.#interrupt();
        else listener(key);
      }
    };
    stdin.setRawMode(true);
    stdin.on("data", onData);
    return () => {
      stdin.removeListener("data", onData);
      stdin.setRawMode?.(false);
      stdin.pause();
    };
  }

  #interrupt(): void {
    this.#interrupted = true;
    this.#ending.abort(new Error("interrupted"));
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
