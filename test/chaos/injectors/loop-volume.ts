import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statfsSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { run, tryRun } from "./command.ts";
import { RUN_NAME } from "./run-name.ts";

/** Backing files are in memory: they are the disks, and a disk's cache is not what is tested. */
export const VOLUMES_FOLDER = "/dev/shm";

/** Written and not synced before each cut, to see that the cut takes what was not synced. */
const CANARY = ".written-but-not-synced";
const BALLAST = ".ballast";

/**
 * The journal is not written by time: until somebody syncs, nothing is on the disk. What a disk may
 * lose in a power cut, this one does lose.
 */
const MOUNT_OPTIONS = "loop,noatime,commit=300";

/** The kernel lets go of a volume a moment after the last process on it is gone. */
const UNMOUNT_TRIES_MAX = 50;
const UNMOUNT_PAUSE_MS = 100;

/** What a power cut took. */
export type PowerCut = {
  /** Bytes of segments that were in the page cache only. */
  readonly lostBytes: number;
};

/**
 * An ext4 file system in a file. A power cut is a copy of that file, taken while the page cache still
 * holds what nobody synced, and mounted in its place: the journal is replayed as after a real one.
 */
export class LoopVolume {
  readonly #image: string;
  readonly #mountPoint: string;
  readonly #onExit = (): void => this.close();

  private constructor(image: string, mountPoint: string) {
    this.#image = image;
    this.#mountPoint = mountPoint;
  }

  /** Why there can be none on this machine, or nothing: makes and mounts a small one. */
  static fault(): string | undefined {
    if (process.getuid?.() !== 0) return "loop volumes need root";
    if (!existsSync(VOLUMES_FOLDER)) return `there is no ${VOLUMES_FOLDER}`;
    const mountPoint = join(VOLUMES_FOLDER, `${RUN_NAME}-trial`);
    try {
      const trial = LoopVolume.create({ name: "trial", megabytes: 8, mountPoint });
      trial.cutPower();
      trial.close();
      return undefined;
    } catch (error) {
      return `no loop volume can be made and mounted: ${String(error).split("\n")[0]}`;
    } finally {
      rmSync(mountPoint, { recursive: true, force: true });
    }
  }

  static create(options: {
    readonly name: string;
    readonly megabytes: number;
    readonly mountPoint: string;
  }): LoopVolume {
    const image = join(VOLUMES_FOLDER, `${RUN_NAME}-${options.name}.img`);
    const volume = new LoopVolume(image, options.mountPoint);
    // Before those who remove the folders that it is mounted in.
    process.prependOnceListener("exit", volume.#onExit);
    try {
      closeSync(openSync(image, "w"));
      truncateSync(image, options.megabytes * 2 ** 20);
      run("mkfs.ext4", "-q", "-F", "-m", "0", image);
      mkdirSync(options.mountPoint, { recursive: true });
      volume.#mount();
      return volume;
    } catch (error) {
      volume.close();
      throw error;
    }
  }

  /**
   * What is on the disk stays, what was in the page cache is gone. Processes on it have to be dead.
   *
   * @throws Error when what nobody synced is still there: that was no power cut.
   */
  cutPower(): PowerCut {
    writeFileSync(join(this.#mountPoint, CANARY), "here");
    const before = segmentBytes(this.#mountPoint);
    const snapshot = `${this.#image}.cut`;
    run("cp", "--sparse=always", this.#image, snapshot);
    this.#unmount();
    renameSync(snapshot, this.#image);
    this.#mount();
    if (existsSync(join(this.#mountPoint, CANARY))) {
      throw new Error(`${this.#mountPoint} still has what nobody had synced`);
    }
    return { lostBytes: before - segmentBytes(this.#mountPoint) };
  }

  /** Everything that was written so far outlives a power cut. */
  sync(): void {
    run("sync", "--file-system", this.#mountPoint);
  }

  /** Takes all the room that is left. */
  fill(): void {
    const { bavail, bsize } = statfsSync(this.#mountPoint);
    const ballast = join(this.#mountPoint, BALLAST);
    tryRun("fallocate", "--length", String(bavail * bsize), ballast);
    // What the allocation could not have is taken a block at a time.
    tryRun("dd", "if=/dev/zero", `of=${ballast}.rest`, "bs=4096", "status=none");
  }

  /** Gives the room back. */
  release(): void {
    for (const name of [BALLAST, `${BALLAST}.rest`]) {
      rmSync(join(this.#mountPoint, name), { force: true });
    }
  }

  /** Processes on it have to be dead. Idempotent. */
  close(): void {
    process.removeListener("exit", this.#onExit);
    if (tryRun("mountpoint", "-q", this.#mountPoint) !== undefined) {
      if (tryRun("umount", this.#mountPoint) === undefined) {
        tryRun("umount", "--lazy", this.#mountPoint);
      }
    }
    for (const file of [this.#image, `${this.#image}.cut`]) rmSync(file, { force: true });
  }

  #mount(): void {
    run("mount", "-o", MOUNT_OPTIONS, this.#image, this.#mountPoint);
  }

  #unmount(): void {
    for (let tries = 1; tryRun("umount", this.#mountPoint) === undefined; tries++) {
      if (tries === UNMOUNT_TRIES_MAX) throw new Error(`${this.#mountPoint} is still in use`);
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, UNMOUNT_PAUSE_MS);
    }
  }
}

function segmentBytes(folder: string): number {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".log"))
    .reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
}
