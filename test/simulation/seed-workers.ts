import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { hangMsOf, lostOutcome, type SeedJob, type SeedOutcome } from "./seed-job.ts";

export type WorkerMessage =
  | "ready"
  | { readonly outcome: SeedOutcome; readonly residentBytes: number };

export type SeedWorkersOptions = {
  readonly workers: number;
  /** The program of a worker. */
  readonly entry: string;
  /** Its arguments. */
  readonly args?: readonly string[];
  /** Node's own options; without them those of this process. */
  readonly execArgv?: readonly string[];
  /** Real time after which a world is given up, ms; the worker itself says so a little earlier. */
  readonly hangMs?: (job: SeedJob) => number;
};

/** A worker that does not say that it is there has a mistake that waiting does not mend. */
const BOOT_MS_MAX = 60_000;

/** What dead worlds leave behind adds up over thousands; a new process takes a second. */
const RESIDENT_BYTES_MAX = 1_536 * 1024 * 1024;

/** Of what a worker said before it crashed, characters. */
const LAST_WORDS_MAX = 4_000;

/** Processes that run worlds, each one at a time. Lost ones are replaced. */
export class SeedWorkers {
  readonly #idle: SeedWorker[];
  readonly #all: readonly SeedWorker[];
  readonly #waiting: ((worker: SeedWorker) => void)[] = [];

  readonly #onExit = (): void => {
    for (const worker of this.#all) worker.kill();
  };

  constructor(options: SeedWorkersOptions) {
    process.once("exit", this.#onExit);
    this.#all = Array.from({ length: options.workers }, () => new SeedWorker(options));
    this.#idle = [...this.#all];
  }

  get size(): number {
    return this.#all.length;
  }

  /** Lets the first one start before there is anything to run. */
  start(): void {
    void this.#all[0]?.start().catch(() => {});
  }

  /** Never rejects for what a world or its worker did: that is a violation. */
  async run(job: SeedJob): Promise<SeedOutcome> {
    const worker =
      this.#idle.shift() ??
      (await new Promise<SeedWorker>((resolve) => void this.#waiting.push(resolve)));
    try {
      return await worker.run(job);
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#idle.push(worker);
      else next(worker);
    }
  }

  async close(): Promise<void> {
    process.off("exit", this.#onExit);
    await Promise.all(this.#all.map((worker) => worker.close()));
  }
}

type Ended =
  | Exclude<WorkerMessage, "ready">
  | { readonly loss: "crash" | "hang"; readonly what: string };

class SeedWorker {
  readonly #options: SeedWorkersOptions;
  #child: ChildProcess | undefined;
  #starting: Promise<ChildProcess> | undefined;
  #lastWords = "";

  constructor(options: SeedWorkersOptions) {
    this.#options = options;
  }

  /** @throws Error when its program cannot start. */
  start(): Promise<ChildProcess> {
    if (this.#starting === undefined && isThere(this.#child)) return Promise.resolve(this.#child);
    this.#starting ??= this.#start().finally(() => {
      this.#starting = undefined;
    });
    return this.#starting;
  }

  async run(job: SeedJob): Promise<SeedOutcome> {
    const beganAt = performance.now();
    const ended = await this.#ended(job);
    if ("outcome" in ended) {
      const isSpoiled = ended.outcome.violations.some(({ invariant }) => invariant === "hang");
      if (isSpoiled || ended.residentBytes > RESIDENT_BYTES_MAX) await this.#end();
      return ended.outcome;
    }
    await this.#end();
    const realMs = performance.now() - beganAt;
    return lostOutcome(job.options, { kind: ended.loss, what: ended.what, realMs });
  }

  kill(): void {
    this.#child?.kill("SIGKILL");
  }

  close(): Promise<void> {
    return this.#end();
  }

  async #ended(job: SeedJob): Promise<Ended> {
    const child = await this.start();
    const { hangMs = ({ options }) => hangMsOf(options) } = this.#options;
    const over = new AbortController();
    const { signal } = over;
    try {
      const first = Promise.race([
        once(child, "message", { signal }).then(([message]) => message as Ended),
        once(child, "exit", { signal }).then(([code, by]) => this.#crash(code, by)),
        sleep(hangMs(job), undefined, { signal }).then(() => hang(hangMs(job))),
      ]);
      // One that is dying takes nothing any more, and its exit says why.
      child.send(job, () => {});
      return await first;
    } finally {
      over.abort();
    }
  }

  async #start(): Promise<ChildProcess> {
    this.#lastWords = "";
    const child = fork(this.#options.entry, [...(this.#options.args ?? [])], {
      execArgv: [...(this.#options.execArgv ?? process.execArgv)],
      serialization: "advanced",
      stdio: ["ignore", "pipe", "pipe", "ipc"],
    });
    this.#child = child;
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding("utf8").on("data", (text: string) => {
        this.#lastWords = (this.#lastWords + text).slice(-LAST_WORDS_MAX);
      });
    }
    const over = new AbortController();
    const { signal } = over;
    try {
      await Promise.race([
        once(child, "message", { signal }),
        once(child, "exit", { signal }).then(() => this.#noStart("ended")),
        sleep(BOOT_MS_MAX, undefined, { signal }).then(() => this.#noStart("says nothing")),
      ]);
    } catch (error) {
      child.kill("SIGKILL");
      throw error;
    } finally {
      over.abort();
    }
    return child;
  }

  #noStart(what: string): never {
    throw new Error(`${this.#options.entry} ${what} as it starts: ${this.#lastWords}`);
  }

  #crash(code: number | null, signal: NodeJS.Signals | null): Ended {
    const how = signal === null ? `exit status ${code}` : `${signal}`;
    return { loss: "crash", what: `the worker ended with ${how}: ${this.#lastWords.trim()}` };
  }

  async #end(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (!isThere(child)) return;
    const exited = once(child, "exit");
    child.kill("SIGKILL");
    await exited;
  }
}

function isThere(child: ChildProcess | undefined): child is ChildProcess {
  return child !== undefined && child.exitCode === null && child.signalCode === null;
}

/** One that lets go of the thread now and then has told of itself before. */
function hang(afterMs: number): Ended {
  const what = `a loop that never lets go of the thread: ended after ${afterMs / 1_000} s`;
  return { loss: "hang", what };
}
