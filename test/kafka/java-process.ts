import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, existsSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Makes the kernel end the process when this one dies without a chance to do it itself. */
const SETPRIV = "/usr/bin/setpriv";
const LOG_TAIL_CHARACTERS = 4_000;
/** A broker that is told to stop hands its leaderships over; only a hang takes longer. */
const STOP_MS_MAX = 60_000;

export type JavaCommand = {
  readonly classpath: string;
  readonly main: string;
  readonly args: readonly string[];
  /** Heap, collector, properties. */
  readonly jvm?: readonly string[];
};

/** Program and arguments: Java of `JAVA_HOME` or of the path. */
export function javaCommandLine({ classpath, main, args, jvm = [] }: JavaCommand): string[] {
  const home = process.env["JAVA_HOME"];
  return [
    ...(existsSync(SETPRIV) ? [SETPRIV, "--pdeathsig", "KILL"] : []),
    home === undefined ? "java" : join(home, "bin", "java"),
    "-Djava.net.preferIPv4Stack=true",
    ...jvm,
    ...["-cp", classpath, main],
    ...args,
  ];
}

/** A server in Java: what it prints goes to a file. */
export class JavaProcess {
  readonly #child: ChildProcess;
  readonly #logFile: string;
  readonly #exited: Promise<void>;
  #isRunning = true;

  private constructor(child: ChildProcess, logFile: string) {
    this.#child = child;
    this.#logFile = logFile;
    this.#exited = new Promise((resolve) => {
      const ended = (): void => {
        this.#isRunning = false;
        resolve();
      };
      child.once("exit", ended);
      child.once("error", ended);
    });
  }

  static start(command: JavaCommand, logFile: string): JavaProcess {
    const log = openSync(logFile, "a");
    const [program = "java", ...args] = javaCommandLine(command);
    const child = spawn(program, args, { stdio: ["ignore", log, log] });
    closeSync(log);
    return new JavaProcess(child, logFile);
  }

  get pid(): number {
    return this.#child.pid ?? -1;
  }

  get isRunning(): boolean {
    return this.#isRunning;
  }

  /** SIGKILL. Resolves when the process is gone. */
  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#exited;
  }

  /** SIGKILL without waiting: for the exit of this process. */
  killNow(): void {
    this.#child.kill("SIGKILL");
  }

  /** SIGTERM, and SIGKILL after a minute. */
  async stop(): Promise<void> {
    this.#child.kill("SIGTERM");
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), STOP_MS_MAX);
    await this.#exited;
    clearTimeout(timer);
  }

  /** The end of what it has printed, for messages. */
  logTail(): string {
    return readFileSync(this.#logFile, "utf8").slice(-LOG_TAIL_CHARACTERS);
  }
}
