import { brokerId, type Random, silentLogger } from "@zoolog/base";
import { LogManager } from "@zoolog/log";
import { SimulatedDisk } from "../../file-system/simulated-disk.ts";
import { ManualTime } from "../../manual-time.ts";
import type { RandomTree } from "../random-tree.ts";
import { type Invariant, note } from "./invariant.ts";
import { replicaLog } from "./replica-log.ts";

const DATA_FOLDER = "/data";
const RECOVERY_POINTS = `${DATA_FOLDER}/recovery-point-offset-checkpoint`;

const CLAIM = /^(\S+) (\d+) (\d+)$/;

type Disk = Pick<SimulatedDisk, "contents" | "paths">;

export type RecoveredHost = {
  readonly name: string;
  readonly brokerId: number;
  readonly disk: Disk;
};

/**
 * A start takes away what a crash has torn, and nothing else: not what was synced before, and nothing
 * more when it is done a second time.
 */
export class Recovery implements Invariant {
  readonly name = "I13";
  readonly about =
    "recovery keeps everything below the recovery point, and recovering twice is recovering once (KAFKA-10101)";
  readonly violations: string[] = [];
  readonly #random: RandomTree;
  /** By host and partition: what the start that is under way must leave, and of which topic. */
  readonly #claims = new Map<string, { readonly topic: string; readonly endOffset: number }>();

  constructor(dependencies: { readonly random: RandomTree }) {
    this.#random = dependencies.random;
  }

  /** A broker is about to look at its disk. */
  starting({ disk, name }: RecoveredHost): void {
    for (const [partition, recoveryPoint] of recoveryPointsOn(disk)) {
      // Less may be there than was synced: damage of the disk, which a start must not hide either.
      const found = replicaLog(disk, partition)?.endOffset ?? 0;
      const endOffset = Math.min(recoveryPoint, found);
      this.#claims.set(`${name} ${partition}`, { topic: topicOn(disk, partition), endOffset });
    }
  }

  /** It has looked, and has fetched nothing yet. */
  started({ disk, name }: RecoveredHost): void {
    for (const [key, { topic, endOffset: claimed }] of this.#claims) {
      const [host, partition = ""] = key.split(" ");
      if (host !== name) continue;
      this.#claims.delete(key);
      // Made anew under its name meanwhile: what was synced is gone with the topic of then.
      if (topicOn(disk, partition) !== topic) continue;
      // No file: the topic was deleted, or a damaged log was put aside, which says so.
      const end = replicaLog(disk, partition)?.endOffset ?? claimed;
      if (end >= claimed) continue;
      note(this.violations, `${name} cuts ${partition} to ${end}, ${claimed} was synced`);
    }
  }

  /** On a copy of its disk, as a power cut may leave it: with torn ends of what was not synced. */
  async twiceIsOnce(host: RecoveredHost): Promise<void> {
    const clusterId = clusterOn(host.disk);
    if (clusterId === undefined) return;
    const random = this.#random.of(`${host.name} recovery`);
    const disk = await copyOf(host.disk, random);
    for (const [partition, recoveryPoint] of recoveryPointsOn(disk)) {
      tear(disk, { partition, recoveryPoint }, random);
    }
    disk.crash("process");
    const first = await this.#recover(disk, host, clusterId);
    disk.crash("process");
    const second = await this.#recover(disk, host, clusterId);
    for (const [path, bytes] of first) {
      if (second.get(path)?.equals(bytes) === true) continue;
      note(this.violations, `${host.name}: a second recovery changes ${path}`);
    }
  }

  async #recover(
    disk: SimulatedDisk,
    host: RecoveredHost,
    clusterId: string,
  ): Promise<ReadonlyMap<string, Buffer>> {
    const time = new ManualTime();
    // Never closed: it is killed with its disk.
    await LogManager.open(
      { dataFolder: DATA_FOLDER, clusterId, brokerId: brokerId(host.brokerId) },
      {
        fileSystem: disk.mount(),
        ...{ clock: time.clock, scheduler: time.scheduler, logger: silentLogger },
        random: this.#random.of(`${host.name} ids`),
        machine: machineOf(host.name),
      },
    );
    const logs = disk.paths().filter((path) => path.endsWith(".log"));
    return new Map(logs.map((path) => [path, disk.contents(path)]));
  }
}

/** By `<topic>-<partition>`. */
function recoveryPointsOn(disk: Disk): [string, number][] {
  if (!disk.paths().includes(RECOVERY_POINTS)) return [];
  const [, , ...lines] = disk.contents(RECOVERY_POINTS).toString().trim().split("\n");
  return lines.flatMap((line): [string, number][] => {
    const [, topic, partition, offset] = CLAIM.exec(line) ?? [];
    // A damaged line claims nothing.
    return offset === undefined ? [] : [[`${topic}-${partition}`, Number(offset)]];
  });
}

/** What tells the topic of a replica from others of its name; the same for all without it. */
function topicOn(disk: Disk, partition: string): string {
  const path = `${DATA_FOLDER}/${partition}/partition.metadata`;
  return disk.paths().includes(path) ? disk.contents(path).toString() : "";
}

function clusterOn(disk: Disk): string | undefined {
  const path = `${DATA_FOLDER}/meta.properties`;
  if (!disk.paths().includes(path)) return undefined;
  return /^cluster\.id=(.+)$/m.exec(disk.contents(path).toString())?.[1];
}

/** The newest segment ends somewhere between the recovery point and its end. */
function tear(
  disk: SimulatedDisk,
  of: { readonly partition: string; readonly recoveryPoint: number },
  random: Random,
): void {
  const folder = `${DATA_FOLDER}/${of.partition}/`;
  const path = disk.paths().findLast((one) => one.startsWith(folder) && one.endsWith(".log"));
  const log = replicaLog(disk, of.partition);
  if (path === undefined || log === undefined) return;
  const unsynced = log.batches
    .filter(({ nextOffset }) => nextOffset > of.recoveryPoint)
    .reduce((sum, { bytes }) => sum + bytes.length, 0);
  disk.corrupt(path, (bytes) => {
    const mayGo = Math.min(unsynced, bytes.length);
    return bytes.subarray(0, bytes.length - Math.floor(random.next() * (mayGo + 1)));
  });
}

async function copyOf(disk: Disk, random: Random): Promise<SimulatedDisk> {
  const copy = new SimulatedDisk({}, { random });
  const fileSystem = copy.mount();
  for (const path of disk.paths()) {
    await fileSystem.makeDirectory(path.slice(0, path.lastIndexOf("/")));
    const file = await fileSystem.open(path, "write");
    await file.write([disk.contents(path)], 0);
    await file.close();
  }
  return copy;
}

function machineOf(name: string) {
  return {
    pid: 1,
    usage: () => ({ residentBytes: 0, heapBytes: 0, eventLoopDelayMs: undefined }),
    bootId: () => Promise.resolve(`${name} after a power cut`),
    processIdentity: () => Promise.resolve(undefined),
    folderIdentity: (path: string) => Promise.resolve(`${name}:${path}`),
  };
}
