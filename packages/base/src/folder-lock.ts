/**
 * Keeps two processes from writing one data folder. The lock file names its owner by pid, start time
 * and boot: a file left behind by a dead process, even if its pid lives again, is taken over.
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

type Owner = {
  readonly pid: number;
  readonly identity: string | undefined;
  readonly bootId: string | undefined;
};

/** Far more than the lock holds; whatever else stands there is not read in full. */
const LOCK_BYTES_MAX = 4096;
/** Between creating the file and filling it, its owner looks like none. */
const HALF_WRITTEN_WAIT_MS = 200;
/** Each turn needs another process to step in between; so many never do. */
const TAKEOVERS_MAX = 5;

/** What the lock file said when we came. */
export type LockTaken = {
  /** The machine ran on since the last owner died, so its page cache was not lost. */
  readonly previousOwner: "none" | "same boot" | "earlier boot";
  readonly release: () => Promise<void>;
};

/** @throws ZoologError DATA_FOLDER_LOCKED */
export async function lockFolder(
  folder: string,
  dependencies: {
    readonly fileSystem: FileSystem;
    readonly machine: Machine;
    readonly random: Random;
    readonly scheduler: Scheduler;
  },
): Promise<LockTaken> {
  const { fileSystem, machine, random } = dependencies;
  const path = `${folder}/${LOCK_FILE}`;
  const bootId = await machine.bootId();
  const identity = await machine.processIdentity(machine.pid);
  const self: Owner = { pid: machine.pid, identity, bootId };
  const release = async (): Promise<void> => {
    await fileSystem.remove(path);
  };
  let previousOwner: LockTaken["previousOwner"] = "none";
  for (let turn = 0; turn < TAKEOVERS_MAX; turn++) {
    if (await createLock(path, self, fileSystem)) return { previousOwner, release };
    const found = await readOwner(path, dependencies);
    if (found === undefined) continue;
    if (await isAlive(found.owner, bootId, machine)) {
      throw folderLocked(folder, `process ${found.owner?.pid}`);
    }
    const sameBoot = bootId !== undefined && found.owner?.bootId === bootId;
    previousOwner = sameBoot ? "same boot" : "earlier boot";
    await putAside(path, found.text, `${path}.${random.uuid()}`, { fileSystem, folder });
  }
  throw folderLocked(folder, "several processes that start at once");
}

/**
 * A look without taking the lock, to say early what `lockFolder` would say late.
 *
 * @throws ZoologError DATA_FOLDER_LOCKED
 */
export async function assertFolderUnlocked(
  folder: string,
  dependencies: {
    readonly fileSystem: FileSystem;
    readonly machine: Machine;
    readonly scheduler: Scheduler;
  },
): Promise<void> {
  const found = await readOwner(`${folder}/${LOCK_FILE}`, dependencies);
  if (found === undefined) return;
  const { machine } = dependencies;
  if (await isAlive(found.owner, await machine.bootId(), machine)) {
    throw folderLocked(folder, `process ${found.owner?.pid}`);
  }
}

async function createLock(path: string, self: Owner, fileSystem: FileSystem): Promise<boolean> {
  try {
    const file = await fileSystem.open(path, "create");
    try {
      await writeFully(file, [asciiBytes(JSON.stringify(self))], 0);
      // Durable: after a power cut it tells that the folder was in use.
      await file.datasync();
    } finally {
      await file.close();
    }
    return true;
  } catch (error) {
    if (errorCode(error) === "EEXIST") return false;
    throw error;
  }
}

type FoundLock = { readonly text: string; readonly owner: Owner | undefined };

async function readOwner(
  path: string,
  dependencies: { readonly fileSystem: FileSystem; readonly scheduler: Scheduler },
): Promise<FoundLock | undefined> {
  for (let patience = 1; ; patience--) {
    const text = await dependencies.fileSystem.readFile(path).then(asciiText, (error: unknown) => {
      if (isMissing(error)) return undefined;
      throw error;
    });
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

/** Moves a dead owner's file away, unless somebody else did so first and holds the lock now. */
async function putAside(
  path: string,
  expected: string,
  aside: string,
  { fileSystem, folder }: { readonly fileSystem: FileSystem; readonly folder: string },
): Promise<void> {
  try {
    await fileSystem.rename(path, aside);
  } catch (error) {
    if (isMissing(error)) return;
    throw error;
  }
  const moved = asciiText(await fileSystem.readFile(aside));
  if (moved !== expected) {
    await fileSystem.rename(aside, path);
    throw folderLocked(folder, `process ${parseOwner(moved)?.pid ?? "unknown"}`);
  }
  await fileSystem.remove(aside);
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
