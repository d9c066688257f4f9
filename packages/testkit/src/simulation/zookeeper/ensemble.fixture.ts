import { silentLogger } from "@zoolog/base";
import type { ZooKeeperClient } from "@zoolog/zookeeper";
import { SimulatedNetwork } from "../network/simulated-network.ts";
import { RandomTree } from "../random-tree.ts";
import { Schedule } from "../schedule/schedule.ts";
import { SimulatedProcess } from "../schedule/simulated-process.ts";
import { Trace } from "../schedule/trace.ts";
import type { SimulatedServer } from "./simulated-server.ts";
import { SimulatedZooKeeperServers } from "./simulated-zookeeper-servers.ts";

/** An ensemble and clients in a world that has nothing else. */
export class EnsembleWorld {
  readonly trace = new Trace();
  readonly random: RandomTree;
  readonly schedule: Schedule;
  readonly network: SimulatedNetwork;
  readonly zookeeper: SimulatedZooKeeperServers;

  constructor(seed = 1) {
    const random = new RandomTree(seed);
    this.random = random;
    this.schedule = new Schedule({ random: random.of("schedule"), trace: this.trace });
    const { schedule } = this;
    this.network = new SimulatedNetwork({ schedule, random: random.of("network") });
    const { network } = this;
    this.zookeeper = new SimulatedZooKeeperServers(
      {},
      { schedule, network, random: random.fork("zookeeper"), logger: silentLogger },
    );
  }

  async client(
    name: string,
    servers?: readonly string[],
  ): Promise<{ readonly zk: ZooKeeperClient; readonly process: SimulatedProcess }> {
    const { schedule, random } = this;
    const process = new SimulatedProcess(name, { schedule, random: random.of(name) });
    const times = { sessionTimeoutMs: 6_000, connectTimeoutMs: 20_000 };
    const known = servers === undefined ? {} : { servers };
    const zk = await this.outcome(this.zookeeper.connect(process, { ...times, ...known }));
    return { zk, process };
  }

  async outcome<T>(promise: Promise<T>, withinMs = 60_000): Promise<T> {
    let isDone = false;
    const settled = promise.finally(() => {
      isDone = true;
    });
    settled.catch(() => {});
    await this.schedule.run({ atMs: this.schedule.nowMs + withinMs, isDone: () => isDone });
    if (!isDone) throw new RangeError(`not settled within ${withinMs} ms`);
    return await settled;
  }

  /** Lets time go on until it holds. */
  async until(isDone: () => boolean, withinMs = 60_000): Promise<void> {
    await this.schedule.run({ atMs: this.schedule.nowMs + withinMs, isDone });
    if (!isDone()) throw new RangeError(`not so within ${withinMs} ms`);
  }

  async pass(ms: number): Promise<void> {
    await this.schedule.run({ atMs: this.schedule.nowMs + ms });
  }

  async leader(): Promise<SimulatedServer> {
    await this.until(() => this.zookeeper.leader !== undefined);
    const { leader } = this.zookeeper;
    if (leader === undefined) throw new RangeError("nobody leads");
    return leader;
  }

  async followers(): Promise<readonly [SimulatedServer, SimulatedServer]> {
    const leader = await this.leader();
    const [one, two] = this.zookeeper.servers.filter((server) => server !== leader);
    if (one === undefined || two === undefined) throw new RangeError("no two followers");
    await this.until(() => one.isServing && two.isServing);
    return [one, two];
  }

  /** Both ways between it and the other servers. */
  cutOff(name: string): void {
    for (const server of this.zookeeper.servers) {
      if (server.name === name) continue;
      this.network.clog(name, server.name);
      this.network.clog(server.name, name);
    }
  }

  /** The ways are free again, and what was sent meanwhile is lost. */
  comeBack(name: string): void {
    for (const server of this.zookeeper.servers) {
      this.network.unclog(name, server.name, "isLost");
      this.network.unclog(server.name, name, "isLost");
    }
  }
}

export const bytes = (text: string): Uint8Array => Buffer.from(text);

export async function textOf(zk: ZooKeeperClient, path: string): Promise<string> {
  return Buffer.from((await zk.getData(path)).data).toString();
}
