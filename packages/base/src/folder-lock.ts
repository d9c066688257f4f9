/**
 * Keeps two processes from writing one data folder. The lock file names its owner by pid, start time
 * and boot: a file left behind by a dead process, even if its pid lives again, is taken over.
 *
 * Invariant: whoever has the folder is named by `.lock` or by a `.lock.<uuid>`, whatever others do.
 * A lock is written under another name and linked, so it is never seen half-written. One that is to
 * go is first moved to `.lock.<uuid>` and read there: it may be another one than was judged dead,
 * and then it is linked back. Who has linked its own file therefore looks for both names of others.
 *
 * Limit: processes that cannot see each other (two containers with one volume) are not kept apart.
 */
import { errorCode, ZoologError } from "./errors.ts";
import { writeFully } from "./file-writes.ts";
import type { FileSystem } from "./ports/file-system.ts";
import type { Machine } from "./ports/machine.ts";
import type { Random } from "./ports/random.ts";
import { type Scheduler, sleep } from "./ports/time.ts";

/** In the folder that it locks. */
const LOCK_FILE = ".lock";
/** A lock that is being written, or moved aside: names nobody, or whom its text says. */
const DRAFT_NAME = /^\.lock\.[0-9a-f-]{36}\.tmp$/;
const ASIDE_NAME = /^\.lock\.[0-9a-f-]{36}$/;

type Owner = {
  readonly pid: number;
  readonly identity: string | undefined;
  readonly bootId: string | undefined;
};

type Dependencies = {
  readonly fileSystem: FileSystem;
  readonly machine: Machine;
  readonly random: Random;
  readonly scheduler: Scheduler;
};

/** Far more than the lock holds; whatever else stands there is not read in full. */
const LOCK_BYTES_MAX = 4096;
/** On a volume without links the file is created, then filled: in between its owner looks like none. */
const HALF_WRITTEN_WAIT_MS = 200;
/** Each turn needs another process to step in between; so many never do. */
const TURNS_MAX = 5;
/** What a volume answers that has no hard links. */
const NO_LINKS = ["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS"];

export type LockTaken = { readonly release: () => Promise<void> };

/** @throws ZoologError DATA_FOLDER_LOCKED */
export async function lockFolder(folder: string, dependencies: Dependencies): Promise<LockTaken> {
  return await new FolderLock(folder, dependencies).take();
}

/**
 * A look without taking the lock, to say early what `lockFolder` would say late.
 *
 * @throws ZoologError DATA_FOLDER_LOCKED
 */
export async function assertFolderUnlocked(
  folder: string,
  dependencies: Omit<Dependencies, "random">,
): Promise<void> {
  const found = await readOwner(`${folder}/${LOCK_FILE}`, dependencies);
  if (found === undefined) return;
  const { machine } = dependencies;
  if (await isAlive(found.owner, await machine.bootId(), machine)) {
    throw folderLocked(folder, `process ${found.owner?.pid}`);
  }
}

class FolderLock {
  readonly #folder: string;
  readonly #path: string;
  readonly #dependencies: Dependencies;

  constructor(folder: string, dependencies: Dependencies) {
    this.#folder = folder;
    this.#path = `${folder}/${LOCK_FILE}`;
    this.#dependencies = dependencies;
  }

  async take(): Promise<LockTaken> {
    const { machine } = this.#dependencies;
    const bootId = await machine.bootId();
    const identity = await machine.processIdentity(machine.pid);
    const self: Owner = { pid: machine.pid, identity, bootId };
    const text = JSON.stringify(self);
    for (let turn = 0; turn < TURNS_MAX; turn++) {
      if (await this.#create(text)) {
        await this.#assertOnlyOwner(text, bootId);
        return { release: () => this.#remove(text) };
      }
      const found = await readOwner(this.#path, this.#dependencies);
      if (found === undefined) continue;
      if (await isAlive(found.owner, bootId, machine)) throw this.#lockedBy(found.owner);
      await this.#remove(found.text);
    }
    throw folderLocked(this.#folder, "several processes that start at once");
  }

  /** Puts the whole file there at once, unless one is there: answers whether it is ours. */
  async #create(text: string): Promise<boolean> {
    const { fileSystem, random } = this.#dependencies;
    const draft = `${this.#path}.${random.uuid()}.tmp`;
    await writeNew(draft, text, fileSystem);
    try {
      await fileSystem.link(draft, this.#path);
      return true;
    } catch (error) {
      const code = errorCode(error);
      // A draft that is gone was taken for one of a dead process.
      if (code === "EEXIST" || code === "ENOENT") return false;
      if (!NO_LINKS.includes(String(code))) throw error;
      return await this.#createInPlace(text);
    } finally {
      await removeIfThere(draft, fileSystem);
    }
  }

  async #createInPlace(text: string): Promise<boolean> {
    try {
      await writeNew(this.#path, text, this.#dependencies.fileSystem);
      return true;
    } catch (error) {
      if (errorCode(error) === "EEXIST") return false;
      throw error;
    }
  }

  /** Also clears away what dead processes have left. */
  async #assertOnlyOwner(text: string, bootId: string | undefined): Promise<void> {
    const { fileSystem, machine, scheduler } = this.#dependencies;
    for (let turn = 0; turn < TURNS_MAX; turn++) {
      const names = await fileSystem.readDirectory(this.#folder);
      const asides = names.filter((name) => ASIDE_NAME.test(name));
      const files = [...asides.map((name) => `${this.#folder}/${name}`), this.#path];
      const read = await Promise.all(files.map((path) => readText(path, fileSystem)));
      if (read.includes(undefined)) continue; // Somebody moves files: look again.
      for (const [i, path] of files.entries()) {
        const owner = parseOwner(read[i] ?? "");
        if (read[i] === text) continue;
        if (await isAlive(owner, bootId, machine)) {
          await this.#remove(text);
          throw this.#lockedBy(owner);
        }
        if (path !== this.#path) await removeIfThere(path, fileSystem);
      }
      if (read.at(-1) !== text) {
        // Ours was moved away for another one's, and will be put back.
        await sleep(scheduler, HALF_WRITTEN_WAIT_MS);
        continue;
      }
      for (const name of names.filter((draft) => DRAFT_NAME.test(draft))) {
        await removeIfThere(`${this.#folder}/${name}`, fileSystem);
      }
      return;
    }
    await this.#remove(text);
    throw folderLocked(this.#folder, "several processes that start at once");
  }

  /**
   * Removes the lock if it says `expected`. There is no such operation, so the file is moved away,
   * read, and put back if it is another one.
   */
  async #remove(expected: string): Promise<void> {
    const { fileSystem, random, scheduler } = this.#dependencies;
    if ((await readText(this.#path, fileSystem)) !== expected) return;
    const aside = `${this.#path}.${random.uuid()}`;
    try {
      await fileSystem.rename(this.#path, aside);
    } catch (error) {
      if (isMissing(error)) return;
      throw error;
    }
    const moved = asciiText(await fileSystem.readFile(aside));
    for (let turn = 0; moved !== expected && turn < TURNS_MAX; turn++) {
      if (await this.#putBack(aside)) throw this.#lockedBy(parseOwner(moved));
      // Whoever has linked its own file meanwhile finds the one moved aside, and gives way.
      await sleep(scheduler, HALF_WRITTEN_WAIT_MS);
    }
    if (moved !== expected) throw this.#lockedBy(parseOwner(moved));
    await fileSystem.remove(aside);
  }

  /** Never over another one's lock. */
  async #putBack(aside: string): Promise<boolean> {
    const { fileSystem } = this.#dependencies;
    try {
      await fileSystem.link(aside, this.#path);
    } catch (error) {
      const code = errorCode(error);
      if (code === "EEXIST") return false;
      if (!NO_LINKS.includes(String(code))) throw error;
      await fileSystem.rename(aside, this.#path);
      return true;
    }
    await fileSystem.remove(aside);
    return true;
  }

  #lockedBy(owner: Owner | undefined): ZoologError {
    return folderLocked(this.#folder, `process ${owner?.pid ?? "unknown"}`);
  }
}

/** Durable: after a power cut its text still says whose it was. */
async function writeNew(path: string, text: string, fileSystem: FileSystem): Promise<void> {
  const file = await fileSystem.open(path, "create");
  try {
    await writeFully(file, [asciiBytes(text)], 0);
    await file.datasync();
  } catch (error) {
    await removeIfThere(path, fileSystem);
    throw error;
  } finally {
    await file.close();
  }
}

async function readText(path: string, fileSystem: FileSystem): Promise<string | undefined> {
  try {
    return asciiText(await fileSystem.readFile(path));
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

async function removeIfThere(path: string, fileSystem: FileSystem): Promise<void> {
  await fileSystem.remove(path).catch((error: unknown) => {
    if (!isMissing(error)) throw error;
  });
}

type FoundLock = { readonly text: string; readonly owner: Owner | undefined };

async function readOwner(
  path: string,
  dependencies: { readonly fileSystem: FileSystem; readonly scheduler: Scheduler },
): Promise<FoundLock | undefined> {
  for (let patience = 1; ; patience--) {
    const text = await readText(path, dependencies.fileSystem);
    if (text === undefined) return undefined;
    const owner = parseOwner(text);
    if (owner !== undefined || patience === 0) return { text, owner };
    await sleep(dependencies.scheduler, HALF_WRITTEN_WAIT_MS);
  }
}

function parseOwner(text: string): Owner | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== "object" || value === null) return undefined;
    const { pid, identity, bootId } = value as Record<string, unknown>;
    if (typeof pid !== "number" || !Number.isSafeInteger(pid) || pid <= 0) return undefined;
    return { pid, identity: textOf(identity), bootId: textOf(bootId) };
  } catch {
    return undefined;
  }
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

async function isAlive(
  owner: Owner | undefined,
  bootId: string | undefined,
  machine: Machine,
): Promise<boolean> {
  if (owner === undefined) return false;
  if (bootId !== undefined && owner.bootId !== undefined && owner.bootId !== bootId) return false;
  const identity = await machine.processIdentity(owner.pid);
  return identity !== undefined && identity === owner.identity;
}

function isMissing(error: unknown): boolean {
  return errorCode(error) === "ENOENT";
}

function folderLocked(path: string, owner: string): ZoologError {
  return new ZoologError({
    code: "DATA_FOLDER_LOCKED",
    message: `${path} is in use by ${owner}`,
    hint: "Stop that process, or choose another data folder.",
  });
}

/** The lock's JSON has numbers, UUIDs and keys: nothing beyond ASCII. */
function asciiBytes(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0) & 0x7f);
}

function asciiText(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes.subarray(0, LOCK_BYTES_MAX));
}
