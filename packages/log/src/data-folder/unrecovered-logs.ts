/**
 * Which logs no start has looked at since the last power cut. A start that dies half-way, or that
 * cannot open a log, must not let the next one take its place for the process that wrote the log:
 * that one would count torn and lost batches as damage.
 *
 * The file `.unrecovered` stands from before the first log is opened until all are; then it names
 * those that could not be, one folder per line, or goes. Empty, it means all.
 */
import { type FileSystem, writeFileAtomically } from "@zoolog/base";
import type { Shutdown } from "../checkpoint/clean-shutdown.ts";
import { isMissing } from "../errors.ts";
import { UNRECOVERED_MARKER } from "../volume/file-names.ts";

export class UnrecoveredLogs {
  readonly #folder: string;
  readonly #fileSystem: FileSystem;
  readonly #shutdown: Shutdown;
  /** `undefined`: none. Empty: all. */
  #names: ReadonlySet<string> | undefined;

  private constructor(
    folder: string,
    shutdown: Shutdown,
    names: ReadonlySet<string> | undefined,
    fileSystem: FileSystem,
  ) {
    this.#folder = folder;
    this.#shutdown = shutdown;
    this.#names = names;
    this.#fileSystem = fileSystem;
  }

  /** @param start.shutdown how the last process that had the folder ended. */
  static async begin(
    start: { readonly folder: string; readonly shutdown: Shutdown },
    fileSystem: FileSystem,
  ): Promise<UnrecoveredLogs> {
    const { folder, shutdown } = start;
    const names = await readNames(folder, fileSystem);
    const unrecovered = new UnrecoveredLogs(folder, shutdown, names, fileSystem);
    if (shutdown === "unclean") await unrecovered.#write(new Set());
    return unrecovered;
  }

  /** How the last life of the log ended. */
  shutdownOf(name: string): Shutdown {
    const names = this.#names;
    const isUnrecovered = names !== undefined && (names.size === 0 || names.has(name));
    return isUnrecovered ? "unclean" : this.#shutdown;
  }

  /** Every log was opened but `failed`. */
  async end(failed: readonly string[]): Promise<void> {
    const left = failed.filter((name) => this.shutdownOf(name) === "unclean");
    if (left.length > 0) await this.#write(new Set(left));
    else if (this.#names !== undefined) await this.#remove();
  }

  async #write(names: ReadonlySet<string>): Promise<void> {
    const text = [...names].map((name) => `${name}\n`).join("");
    this.#names = names;
    await writeFileAtomically(
      this.#fileSystem,
      this.#folder,
      UNRECOVERED_MARKER,
      Buffer.from(text),
    );
  }

  async #remove(): Promise<void> {
    await this.#fileSystem.remove(`${this.#folder}/${UNRECOVERED_MARKER}`);
    await this.#fileSystem.syncDirectory(this.#folder);
    this.#names = undefined;
  }
}

async function readNames(
  folder: string,
  fileSystem: FileSystem,
): Promise<ReadonlySet<string> | undefined> {
  try {
    const text = Buffer.from(await fileSystem.readFile(`${folder}/${UNRECOVERED_MARKER}`));
    return new Set(
      text
        .toString("utf8")
        .split("\n")
        .filter((name) => name !== ""),
    );
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}
