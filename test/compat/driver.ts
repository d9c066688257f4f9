import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";

/** How a client's program is started. */
export type DriverCommand = {
  readonly program: string;
  readonly args: readonly string[];
  readonly folder: string;
};

/** The client has no such call; nothing is wrong with anybody. */
export class NotOffered extends Error {}

/** No answer in time: the program is of no use any more. */
class DriverTimeout extends Error {}

type Answer = {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: string;
  readonly unsupported?: string;
};

type Waiting = {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
};

/** Longer than any client's own patience for one call, but for one that survives a failover. */
const CALL_MS_MAX = 45_000;
const LOG_CHARACTERS_MAX = 2_000;

/**
 * A client's program: one JSON line `{id, op, ...}` in, one JSON line `{id, result}`,
 * `{id, error}` or `{id, unsupported}` out, one call after the other.
 */
export class Driver {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, Waiting>();
  readonly #exited: Promise<void>;
  #lastId = 0;
  #log = "";
  #isUsable = true;

  private constructor(child: ChildProcess) {
    this.#child = child;
    this.#exited = new Promise((resolve) => {
      child.once("close", () => resolve());
      child.once("error", (error) => {
        this.#log += error.message;
        resolve();
      });
    });
    void this.#exited.then(() => this.#end(`the program ended: ${this.#log}`));
    if (child.stdout !== null) {
      createInterface({ input: child.stdout }).on("line", (line) => this.#take(line));
    }
    const note = (chunk: Buffer): void => {
      this.#log = `${this.#log}${chunk}`.slice(-LOG_CHARACTERS_MAX);
    };
    child.stderr?.on("data", note);
    child.stdin?.on("error", () => undefined);
  }

  static start({ program, args, folder }: DriverCommand, bootstrap: string): Driver {
    return new Driver(
      spawn(program, args, {
        cwd: folder,
        stdio: ["pipe", "pipe", "pipe"],
        env: { ...process.env, COMPAT_BOOTSTRAP: bootstrap, NODE_NO_WARNINGS: "1" },
      }),
    );
  }

  /** `false` once a call had no answer, or the program is gone. */
  get isUsable(): boolean {
    return this.#isUsable;
  }

  /** The end of what it said besides answers. */
  get log(): string {
    return this.#log.trim();
  }

  /** @throws NotOffered, or an Error with what the client said. */
  async call<T>(op: string, args: object = {}, timeoutMs = CALL_MS_MAX): Promise<T> {
    if (!this.#isUsable) throw new Error(`the program is gone: ${this.#log}`);
    this.#lastId += 1;
    const id = this.#lastId;
    const answer = new Promise<unknown>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
    });
    const timer = setTimeout(() => {
      this.#isUsable = false;
      this.#end(`no answer to ${op} within ${timeoutMs} ms`);
    }, timeoutMs);
    this.#child.stdin?.write(`${JSON.stringify({ id, op, ...args })}\n`);
    try {
      return (await answer) as T;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Members that are still open have left nobody: their sessions end by themselves. */
  async close(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#exited;
  }

  #take(line: string): void {
    const { id, result, error, unsupported } = answerIn(line) ?? {};
    const waiting = id === undefined ? undefined : this.#waiting.get(id);
    if (id === undefined || waiting === undefined) return;
    this.#waiting.delete(id);
    if (unsupported !== undefined) waiting.reject(new NotOffered(unsupported));
    else if (error !== undefined) waiting.reject(new Error(error));
    else waiting.resolve(result);
  }

  #end(reason: string): void {
    this.#isUsable = false;
    for (const { reject } of this.#waiting.values()) reject(new DriverTimeout(reason));
    this.#waiting.clear();
  }
}

/** Some clients print other things, also JSON. */
function answerIn(line: string): Partial<Answer> | undefined {
  try {
    return (JSON.parse(line) ?? undefined) as Partial<Answer> | undefined;
  } catch {
    return undefined;
  }
}
