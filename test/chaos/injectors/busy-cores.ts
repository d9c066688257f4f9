import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";

const SETPRIV = "/usr/bin/setpriv";

/** Processes that take what they get of the processor. */
export class BusyCores {
  readonly #children: readonly ChildProcess[];

  constructor(count: number) {
    const busy = [process.execPath, "-e", "for(;;);"];
    const prefix = existsSync(SETPRIV) ? [SETPRIV, "--pdeathsig", "KILL"] : [];
    const [program = "node", ...args] = [...prefix, ...busy];
    this.#children = Array.from({ length: count }, () => spawn(program, args, { stdio: "ignore" }));
  }

  close(): void {
    for (const child of this.#children) child.kill("SIGKILL");
  }
}
