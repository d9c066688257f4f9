import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, existsSync, openSync } from "node:fs";
import { createInterface } from "node:readline";
import type { DriverCommand } from "../../compat/driver.ts";
import { type DriverCall, type DriverEvent, decodeEvent, encodeCall } from "./driver-line.ts";

/** Makes the kernel end the program when this process dies without a chance to do it itself. */
const SETPRIV = "/usr/bin/setpriv";

/** What a program is told at its start, as `CHAOS_PLAN`. */
export type KafkaPlan = {
  readonly bootstrap: string;
  readonly topic: string;
  readonly partitions: number;
  /** How long a record may be under way, ms. */
  readonly deliveryTimeoutMs: number;
};

/** The process that a Kafka client lives in. */
export class KafkaProgram {
  readonly #child: ChildProcess;
  readonly #exited: Promise<void>;
  readonly #logFile: string;
  #fault: string | undefined;
  #isEnding = false;

  constructor(
    { program, args, folder }: DriverCommand,
    options: { readonly plan: KafkaPlan; readonly logFile: string },
    dependencies: { readonly onEvent: (event: DriverEvent) => void },
  ) {
    this.#logFile = options.logFile;
    const log = openSync(options.logFile, "a");
    const command = [
      ...(existsSync(SETPRIV) ? [SETPRIV, "--pdeathsig", "KILL"] : []),
      ...[program, ...args],
    ];
    this.#child = spawn(command[0] ?? program, command.slice(1), {
      cwd: folder,
      stdio: ["pipe", "pipe", log],
      env: { ...process.env, CHAOS_PLAN: JSON.stringify(options.plan), NODE_NO_WARNINGS: "1" },
    });
    closeSync(log);
    // What is written to a process that has just ended is of no account.
    this.#child.stdin?.on("error", () => {});
    if (this.#child.stdout !== null) {
      createInterface({ input: this.#child.stdout }).on("line", (line) => {
        try {
          dependencies.onEvent(decodeEvent(line));
        } catch (error) {
          this.#fault ??= String(error);
        }
      });
    }
    this.#exited = new Promise((resolve) => {
      const ended = (why: string): void => {
        if (!this.#isEnding) this.#fault ??= `it ended by itself: ${why}`;
        resolve();
      };
      this.#child.once("exit", (code, signal) => ended(String(code ?? signal)));
      this.#child.once("error", (error) => ended(error.message));
    });
  }

  /** @throws Error when it has ended by itself, or said what nobody understands. */
  check(): void {
    if (this.#fault !== undefined) throw new Error(`${this.#fault}; see ${this.#logFile}`);
  }

  tell(call: DriverCall): void {
    this.#child.stdin?.write(encodeCall(call));
  }

  /** SIGKILL. Resolves when the process is gone. */
  async kill(): Promise<void> {
    this.#isEnding = true;
    this.#child.kill("SIGKILL");
    await this.#exited;
  }
}
