import {
  brokerId,
  leaderEpoch,
  type Machine,
  silentLogger,
  type TopicId,
  type TopicPartition,
  topicPartitionKey,
} from "@zoolog/base";
import { ManualTime, SimulatedDisk, seededRandom } from "@zoolog/testkit";
import { OwnedFolder } from "./data-folder/owned-folder.ts";
import { DEFAULT_LOG_CONFIG } from "./log-config.ts";
import { LogManager, type LogManagerOptions } from "./log-manager.ts";

export const EPOCH = { leaderEpoch: leaderEpoch(0) };
export const ORDERS: TopicPartition = { topic: "orders", partition: 0 };
export const TOPIC_ID = "AAAAAAAAQACAAAAAAAAAAA" as TopicId;
export const OTHER_ID = "BBBBBBBBQBCBBBBBBBBBBB" as TopicId;
export const NEW = { topicId: TOPIC_ID, config: DEFAULT_LOG_CONFIG };

/** A machine whose processes come and go as the test says. */
export class TestMachine implements Machine {
  pid = 100;
  boot = "boot-1";
  readonly running = new Map<number, string>([[100, "first"]]);
  usage = () => ({ residentBytes: 0, heapBytes: 0, eventLoopDelayMs: undefined });
  bootId = async () => this.boot;
  processIdentity = async (pid: number) => this.running.get(pid);
  folderIdentity = async (path: string) => path;
}

export function setUp() {
  const disk = new SimulatedDisk({}, { random: seededRandom(3) });
  const machine = new TestMachine();
  const time = new ManualTime();
  const offline: string[] = [];
  const owner = { dataFolder: "/data", clusterId: "cluster-1", brokerId: brokerId(1) };
  const ports = () => ({
    fileSystem: disk.mount(),
    scheduler: time.scheduler,
    random: disk.random,
    machine,
  });
  const take = () => OwnedFolder.take(owner, ports());
  const open = (options: Partial<LogManagerOptions> = {}) =>
    LogManager.open(
      { ...owner, limits: { reservedBytes: 0 }, ...options },
      {
        ...ports(),
        clock: time.clock,
        logger: silentLogger,
        onOffline: (topicPartition) => offline.push(topicPartitionKey(topicPartition)),
      },
    );
  /** The process dies; another one starts. */
  const crash = (kind: "process" | "power") => {
    disk.crash(kind, { keepUnsynced: 0 });
    if (kind === "power") machine.boot = `${machine.boot}+`;
    machine.running.clear();
    machine.pid += 1;
    machine.running.set(machine.pid, `process ${machine.pid}`);
  };
  return { disk, machine, time, offline, open, take, crash };
}

/** Lets the simulated disk go on; fails when it has nothing more to do. */
export async function until(isSo: () => boolean): Promise<void> {
  for (let turns = 0; !isSo(); turns++) {
    if (turns > 1_000) throw new Error("it never came to be so");
    await new Promise((resolve) => setImmediate(resolve));
  }
}
