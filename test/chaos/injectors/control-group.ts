import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { RUN_NAME } from "./run-name.ts";

/** Where control groups of the first version are; those of the second have all controllers in one. */
export const CONTROL_GROUPS = "/sys/fs/cgroup";

export type Controller = "freezer" | "memory";

type Knob = { readonly file: string; readonly value: string };

/** Processes whose machine stands still, or has less memory, until the group is closed. */
export class ControlGroup {
  readonly #folder: string;
  readonly #parent: string;
  readonly #pids: number[] = [];
  readonly #onExit = (): void => this.close();

  private constructor(controller: Controller, name: string) {
    const own = join(CONTROL_GROUPS, controller);
    this.#parent = existsSync(own) ? own : CONTROL_GROUPS;
    this.#folder = join(this.#parent, `${RUN_NAME}-${name}`);
    mkdirSync(this.#folder, { recursive: true });
    process.once("exit", this.#onExit);
  }

  /** Why there can be none on this machine, or nothing. */
  static fault(controller: Controller): string | undefined {
    try {
      const trial = new ControlGroup(controller, "trial");
      const knob = join(trial.#folder, trial.#knob(controller, true).file);
      const fault = existsSync(knob) ? undefined : `control groups have no ${controller}`;
      trial.close();
      return fault;
    } catch (error) {
      return `no control group can be made: ${String(error).split("\n")[0]}`;
    }
  }

  /** Freezes all at one moment, also what they have started. */
  static freeze(pids: readonly number[], name: string): ControlGroup {
    const group = new ControlGroup("freezer", name);
    for (const pid of pids) group.add(pid);
    group.#turn("freezer", true);
    return group;
  }

  /**
   * @param bytes what those who are added may have together, counted from then on; beyond it the kernel
   *   ends one of them.
   */
  static limitMemory(name: string, bytes: number): ControlGroup {
    const group = new ControlGroup("memory", name);
    const isFirst = group.#parent !== CONTROL_GROUPS;
    const limit = isFirst ? "memory.limit_in_bytes" : "memory.max";
    writeFileSync(join(group.#folder, limit), String(bytes));
    return group;
  }

  add(pid: number): void {
    this.#pids.push(pid);
    moveTo(this.#folder, pid);
  }

  /** How often memory had to be found elsewhere; of the first version only. */
  get shortages(): number | undefined {
    const file = join(this.#folder, "memory.failcnt");
    return existsSync(file) ? Number(readFileSync(file, "utf8")) : undefined;
  }

  /** They go on, without a limit. Idempotent. */
  close(): void {
    process.removeListener("exit", this.#onExit);
    if (!existsSync(this.#folder)) return;
    const isFreezer = ["freezer.state", "cgroup.freeze"].some((file) =>
      existsSync(join(this.#folder, file)),
    );
    if (isFreezer) this.#turn("freezer", false);
    for (const pid of this.#pids) moveTo(this.#parent, pid);
    rmdirSync(this.#folder);
  }

  #turn(controller: Controller, on: boolean): void {
    const { file, value } = this.#knob(controller, on);
    writeFileSync(join(this.#folder, file), value);
  }

  #knob(controller: Controller, on: boolean): Knob {
    const isFirst = this.#parent !== CONTROL_GROUPS;
    if (controller === "memory") {
      return { file: isFirst ? "memory.limit_in_bytes" : "memory.max", value: "" };
    }
    return isFirst
      ? { file: "freezer.state", value: on ? "FROZEN" : "THAWED" }
      : { file: "cgroup.freeze", value: on ? "1" : "0" };
  }
}

/** A process that is gone needs no group. */
function moveTo(folder: string, pid: number): void {
  try {
    writeFileSync(join(folder, "cgroup.procs"), String(pid));
  } catch {
    if (existsSync(`/proc/${pid}`)) throw new Error(`process ${pid} does not move to ${folder}`);
  }
}
