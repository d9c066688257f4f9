import type { Logger } from "@zoolog/base";
import { silentLogger } from "@zoolog/base";
import { Client } from "@zoolog/client";
import type { Operation } from "@zoolog/zookeeper";
import type { Listeners } from "../network/listeners.ts";
import { SimulatedNetwork } from "../network/simulated-network.ts";
import { SimulatedTransport } from "../network/simulated-transport.ts";
import { RandomTree } from "../random-tree.ts";
import { Schedule } from "../schedule/schedule.ts";
import { SimulatedProcess } from "../schedule/simulated-process.ts";
import { Trace } from "../schedule/trace.ts";
import { operationsOf } from "../zookeeper/applied-operations.ts";
import { SimulatedZooKeeperServers } from "../zookeeper/simulated-zookeeper-servers.ts";
import { heardLogger, type LogListener } from "./heard-logger.ts";
import { type DiskTimes, SimulatedHost, type StartListener } from "./simulated-host.ts";

export type WorldClient = {
  readonly client: Client;
  readonly process: SimulatedProcess;
  /** The client's way to brokers, for calls that it would not make. */
  readonly transport: SimulatedTransport;
};

export type WorldOptions = {
  readonly seed: number;
  readonly brokers?: number;
  /** Default 3. */
  readonly zookeepers?: number;
  readonly settings?: Readonly<Record<string, unknown>>;
  readonly diskTimes?: DiskTimes;
  readonly logger?: Logger;
  /** What is to be told of everything that happens. */
  readonly trace?: Trace;
};

/** Brokers, the ZooKeeper they agree by, and their clients, in one process under one seed. */
export class World {
  readonly trace: Trace;
  readonly schedule: Schedule;
  readonly network: SimulatedNetwork;
  readonly hosts: readonly SimulatedHost[];
  readonly random: RandomTree;
  /** Every transaction that ZooKeeper applies, in order. */
  readonly writeListeners: ((operations: readonly Operation[]) => void)[] = [];
  /** Warnings and errors of all brokers. */
  readonly logListeners: LogListener[] = [];
  /** Brokers that start, before and after they have looked at their disks. */
  readonly startListeners: StartListener[] = [];
  /** By `<topic>-<partition>`: below it records are deleted, or may be, since somebody asked for it. */
  readonly deletedBelow = new Map<string, number>();
  readonly zookeeper: SimulatedZooKeeperServers;
  /** Processes of all clients there ever were. */
  readonly clients: SimulatedProcess[] = [];
  readonly #listeners: Listeners = new Map();
  readonly #logger: Logger;

  constructor(options: WorldOptions) {
    this.random = new RandomTree(options.seed);
    this.trace = options.trace ?? new Trace();
    this.#logger = heardLogger(options.logger ?? silentLogger, this.logListeners);
    const { random, trace } = this;
    this.schedule = new Schedule({ random: random.of("schedule"), trace });
    this.network = new SimulatedNetwork({
      schedule: this.schedule,
      random: random.of("network"),
    });
    this.zookeeper = new SimulatedZooKeeperServers(
      options.zookeepers === undefined ? {} : { servers: options.zookeepers },
      {
        schedule: this.schedule,
        network: this.network,
        random: random.fork("zookeeper"),
        logger: this.#logger,
      },
    );
    this.zookeeper.onWrite(({ logged }) => {
      const operations = operationsOf(logged);
      for (const listener of this.writeListeners) listener(operations);
    });
    const { diskTimes, settings = {} } = options;
    const ofHosts = { settings, ...(diskTimes === undefined ? {} : { diskTimes }) };
    this.hosts = Array.from(
      { length: options.brokers ?? 3 },
      (_, index) => new SimulatedHost({ brokerId: index + 1, ...ofHosts }, this.#hostWorld()),
    );
  }

  get livingClients(): readonly SimulatedProcess[] {
    return this.clients.filter(({ isAlive }) => isAlive);
  }

  /** A client in a process of its own. */
  client(name: string): WorldClient {
    const process = new SimulatedProcess(name, {
      schedule: this.schedule,
      random: this.random.of(name),
    });
    this.clients.push(process);
    const transport = new SimulatedTransport({
      process,
      network: this.network,
      listeners: this.#listeners,
    });
    const brokers = this.hosts.map(({ endpoint }) => endpoint);
    const client = new Client(
      { brokers, clientId: name },
      { clock: process.clock, scheduler: process.scheduler, random: process.random, transport },
    );
    return { client, process, transport };
  }

  /** True time; for those who stand outside of the world. */
  readonly wait = (ms: number): Promise<void> =>
    new Promise((resolve) => void this.schedule.after(ms, "world", "wait", resolve));

  /** Nothing of it happens any more: what still waits is forgotten. */
  close(): void {
    for (const process of this.clients) process.kill();
    for (const host of this.hosts) host.process?.kill();
    for (const { process } of this.zookeeper.servers) process?.kill();
    this.schedule.clear();
  }

  /** Lets time go on until the promise has settled. @throws RangeError when it takes too long. */
  async outcome<T>(promise: Promise<T>, withinMs = 60_000): Promise<T> {
    let isDone = false;
    const settled = promise.finally(() => {
      isDone = true;
    });
    settled.catch(() => {});
    const atMs = this.schedule.nowMs + withinMs;
    await this.schedule.run({ atMs, isDone: () => isDone });
    if (!isDone) throw new RangeError(`not settled within ${withinMs} ms of the world`);
    return await settled;
  }

  #hostWorld() {
    return {
      schedule: this.schedule,
      network: this.network,
      listeners: this.#listeners,
      random: this.random,
      logger: this.#logger,
      zookeeper: this.zookeeper,
      startListeners: this.startListeners,
    };
  }
}
