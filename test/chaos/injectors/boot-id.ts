import { randomUUID } from "node:crypto";
import { writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "./command.ts";
import { RUN_NAME } from "./run-name.ts";

const BOOT_ID = "/proc/sys/kernel/random/boot_id";
const SCRIPT = `mount --bind "$0" ${BOOT_ID} && exec "$@"`;

/** A machine's boot ids: what runs behind `prefix` believes that the machine was started anew. */
export class BootId {
  readonly #file: string;

  /** @param file where to keep it; in a folder that outlives the processes. */
  constructor(file: string) {
    this.#file = file;
    this.renew();
  }

  /** Why there can be none on this machine, or nothing. */
  static fault(): string | undefined {
    const file = join(tmpdir(), `${RUN_NAME}-boot-id`);
    try {
      const trial = new BootId(file);
      const seen = run(...trial.prefix, "cat", BOOT_ID);
      return seen === run("cat", file) ? undefined : "a boot id cannot be put in place of another";
    } catch (error) {
      return `no mount namespace can be made: ${String(error).split("\n")[0]}`;
    } finally {
      run("rm", "-f", file);
    }
  }

  /** What a process is started by to see this boot id. It keeps its process id. */
  get prefix(): readonly string[] {
    return ["unshare", "--mount", "--propagation", "private", "sh", "-c", SCRIPT, this.#file];
  }

  /** The machine was started anew; for processes that start from now on. */
  renew(): void {
    writeFileSync(this.#file, `${randomUUID()}\n`);
  }
}
