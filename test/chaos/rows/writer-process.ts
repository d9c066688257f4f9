import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { SendEntry } from "@zoolog/testkit";
import type { WriterLine, WriterPlan } from "./writer-plan.ts";

const SETPRIV = "/usr/bin/setpriv";
const BEGIN_MS_MAX = 60_000;
const LOOK_MS = 50;

/** One life of a producer in a process of its own. */
export class WriterProcess {
  readonly #plan: WriterPlan;
  readonly #child: ChildProcess;
  readonly #exited: Promise<void>;

  constructor(plan: WriterPlan) {
    this.#plan = plan;
    const writer = join(import.meta.dirname, "writer.ts");
    const command = [
      ...(existsSync(SETPRIV) ? [SETPRIV, "--pdeathsig", "KILL"] : []),
      ...[process.execPath, "--conditions=zoolog-source", "--import", "tsx", writer],
      JSON.stringify(plan),
    ];
    const [program = "node", ...args] = command;
    this.#child = spawn(program, args, { stdio: "ignore" });
    this.#exited = new Promise((resolve) => this.#child.once("exit", () => resolve()));
  }

  /** Resolves when something of it was acknowledged. */
  async began(): Promise<void> {
    const giveUpAt = performance.now() + BEGIN_MS_MAX;
    while (!this.entries().some(({ outcome }) => outcome === "ok")) {
      if (performance.now() > giveUpAt) throw new Error("a producer gets nothing acknowledged");
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  }

  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#exited;
  }

  /** What it sent, and what it was told; the rest is of unknown fate. */
  entries(): readonly SendEntry[] {
    const { historyFile, process } = this.#plan;
    return existsSync(historyFile) ? sendsOf(readFileSync(historyFile, "utf8"), process) : [];
  }
}

/** The sends in a writer's notes; a line that the kill cut off is none. */
export function sendsOf(notes: string, process: number): readonly SendEntry[] {
  const sends = new Map<number, SendEntry>();
  for (const text of notes.split("\n").slice(0, -1)) {
    const line = JSON.parse(text) as WriterLine;
    if (line[0] === "sent") {
      const [, order, key, value, at] = line;
      const sentAt = at - performance.timeOrigin;
      const unknown = { outcome: "info", offset: undefined, settledAt: sentAt } as const;
      sends.set(order, { f: "send", process, order, key, value, sentAt, ...unknown });
      continue;
    }
    const send = sends.get(line[1]);
    if (send === undefined || line[0] === "info") continue;
    const [, , offset, at] = line;
    const settledAt = at - performance.timeOrigin;
    sends.set(send.order, { ...send, outcome: "ok", offset, settledAt });
  }
  return [...sends.values()];
}
