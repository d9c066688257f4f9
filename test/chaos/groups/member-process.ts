import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, existsSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { GroupEntry } from "@zoolog/testkit";
import { machineMs } from "./machine-clock.ts";
import type { MemberCommand, MemberPlan } from "./member-plan.ts";

/** Makes the kernel end the member when this process dies without a chance to do it itself. */
const SETPRIV = "/usr/bin/setpriv";

/** A member that does not end in this time after it was asked to is no good, ms. */
const LEAVE_MS_MAX = 60_000;

/** One life of a member of the group. */
export class MemberProcess {
  readonly name: string;
  readonly #plan: MemberPlan;
  readonly #child: ChildProcess;
  readonly #exited: Promise<number | null>;
  readonly #entries: GroupEntry[] = [];
  #frozenAt: number | undefined;
  #isEnding = false;
  #isRunning = true;
  /** It ended, and nobody had asked for it. */
  unexpectedExit: string | undefined;

  constructor(plan: MemberPlan, options: { readonly logFile: string }) {
    this.name = plan.name;
    this.#plan = plan;
    const member = join(import.meta.dirname, "group-member.ts");
    const command = [
      ...(existsSync(SETPRIV) ? [SETPRIV, "--pdeathsig", "KILL"] : []),
      ...[process.execPath, "--import", "tsx", member, JSON.stringify(plan)],
    ];
    const log = openSync(options.logFile, "a");
    const [program = "node", ...args] = command;
    this.#child = spawn(program, args, { stdio: ["pipe", log, log] });
    closeSync(log);
    // What is written to a process that has just been killed is of no account.
    this.#child.stdin?.on("error", () => {});
    this.#exited = new Promise((resolve) => {
      this.#child.once("exit", (code, signal) => {
        this.#isRunning = false;
        if (!this.#isEnding) {
          this.unexpectedExit = `member ${plan.name} ended by itself: ${code ?? signal}`;
        }
        resolve(code);
      });
    });
  }

  /** Runs, and has not been told to end. */
  get isThere(): boolean {
    return this.#isRunning && !this.#isEnding;
  }

  get isFrozen(): boolean {
    return this.#frozenAt !== undefined;
  }

  tell(command: MemberCommand): void {
    this.#child.stdin?.write(`${command}\n`);
  }

  /** SIGKILL. Resolves when the process is gone. */
  async kill(): Promise<void> {
    this.#isEnding = true;
    this.#child.kill("SIGKILL");
    await this.#exited;
    this.thaw();
    this.#entries.push({ f: "killed", member: this.name, at: machineMs() });
  }

  /** SIGSTOP. */
  freeze(): void {
    this.#frozenAt = machineMs();
    this.#child.kill("SIGSTOP");
  }

  /** SIGCONT. */
  thaw(): void {
    if (this.#frozenAt === undefined) return;
    this.#child.kill("SIGCONT");
    const { name: member } = this;
    this.#entries.push({ f: "frozen", member, at: this.#frozenAt, until: machineMs() });
    this.#frozenAt = undefined;
  }

  /** Commits, gives its partitions back and ends. */
  async leave(): Promise<void> {
    this.thaw();
    this.#isEnding = true;
    this.tell("leave");
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), LEAVE_MS_MAX);
    const code = await this.#exited;
    clearTimeout(timer);
    if (code !== 0) this.unexpectedExit = `member ${this.name} could not leave: ${code}`;
    this.#entries.push({ f: "left", member: this.name, at: machineMs() });
  }

  /** What it did, and what was done to it. */
  entries(): readonly GroupEntry[] {
    const { historyFile } = this.#plan;
    if (!existsSync(historyFile)) return this.#entries;
    const lines = readFileSync(historyFile, "utf8").split("\n");
    // What stands behind the last line's end was cut off by a kill.
    lines.pop();
    return [...lines.map((line) => this.#entryOf(line)), ...this.#entries];
  }

  #entryOf(line: string): GroupEntry {
    const { name: member } = this;
    const [f, at, ...fields] = JSON.parse(line) as [string, number, ...unknown[]];
    if (f === "acknowledged") {
      return { f, member, at, partition: fields[0] as number, offset: fields[1] as number };
    }
    if (f !== "processed") {
      const ownership = f as "assigned" | "revoked" | "lost";
      return { f: ownership, member, at, partitions: fields[0] as number[] };
    }
    const [partition, offset, epoch, hash] = fields as [number, number, number | null, string];
    return { f, member, at, partition, offset, epoch: epoch ?? undefined, hash };
  }
}
