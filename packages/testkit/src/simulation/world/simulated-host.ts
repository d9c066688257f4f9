import {
  type Deferred,
  deferred,
  errorMessage,
  type Logger,
  type Machine,
  type ProbeOutcome,
  type ProbeTarget,
  type Random,
} from "@zoolog/base";
import { Broker, type BrokerConfig, parseBrokerConfig } from "@zoolog/broker";
import type { DiskOperation } from "../../file-system/disk-faults.ts";
import { type PowerCutOptions, SimulatedDisk } from "../../file-system/simulated-disk.ts";
import type { Listeners } from "../network/listeners.ts";
import type { SimulatedNetwork } from "../network/simulated-network.ts";
import { SimulatedPlane } from "../network/simulated-plane.ts";
import { SimulatedTransport } from "../network/simulated-transport.ts";
import type { RandomTree } from "../random-tree.ts";
import type { Schedule } from "../schedule/schedule.ts";
import { SimulatedProcess } from "../schedule/simulated-process.ts";
import type { SimulatedZooKeeperServers } from "../zookeeper/simulated-zookeeper-servers.ts";

const HTTP_PORT = 8092;

/** Kinds of events that a process waits for by itself; others are on their way to it. */
const OF_PROCESSES: readonly string[] = ["timer", "period", "sleep", "soon"];

/** From and to, ms, by kind of operation. */
export type DiskTimes = { readonly [Operation in DiskOperation]?: Range } & {
  readonly other: Range;
};

type Range = readonly [leastMs: number, mostMs: number];

/** As a good SSD with a cache that obeys. */
const SSD: DiskTimes = { other: [0, 0.02], datasync: [0.2, 2.2], syncDirectory: [0.2, 2.2] };

/**
 * Of operations that the page cache may answer without any time, those that it does: they end before
 * anybody else has a turn. An event for each of them would be a tenth of all there are.
 */
const AT_ONCE_PART = 7 / 8;

/** What hosts share. */
export type HostWorld = {
  readonly schedule: Schedule;
  readonly network: SimulatedNetwork;
  readonly listeners: Listeners;
  readonly random: RandomTree;
  readonly logger: Logger;
  readonly zookeeper: SimulatedZooKeeperServers;
  readonly startListeners: readonly StartListener[];
};

export type StartListener = {
  readonly starting: (host: SimulatedHost) => void;
  /** Its logs are recovered; nothing was fetched since. */
  readonly started: (host: SimulatedHost) => void;
};

/** What is still open of a host. */
export type LeftBehind = {
  readonly host: string;
  readonly openFiles: readonly string[];
  /** Kinds of events that it still waits for. */
  readonly waitsFor: readonly string[];
  readonly isListening: boolean;
};

/** One machine with a disk and, most of the time, a broker on it. */
export class SimulatedHost {
  readonly brokerId: number;
  readonly name: string;
  readonly disk: SimulatedDisk;
  /** Why brokers of this host did not start, though nobody killed them. */
  readonly failures: string[] = [];
  readonly #world: HostWorld;
  readonly #settings: Readonly<Record<string, unknown>>;
  readonly #diskTimes: DiskTimes;
  readonly #diskRandom: Random;
  #process: SimulatedProcess | undefined;
  #plane: SimulatedPlane | undefined;
  #transport: SimulatedTransport | undefined;
  #broker: Broker | undefined;
  /** Resolves with the end of the life that runs: nobody waits for what a dead process began. */
  #ended: Deferred<void> | undefined;
  #registeredAtMs = 0;
  #wasShutDown = false;
  /** The first event of the newest life. */
  #beganAt = 0;
  #lives = 0;
  #boots = 1;

  constructor(
    options: {
      readonly brokerId: number;
      readonly settings: Readonly<Record<string, unknown>>;
      readonly diskTimes?: DiskTimes;
    },
    world: HostWorld,
  ) {
    this.brokerId = options.brokerId;
    this.name = `broker-${options.brokerId}`;
    this.#settings = options.settings;
    this.#diskTimes = { ...SSD, ...options.diskTimes };
    this.#diskRandom = world.random.of(`${this.name} disk times`);
    this.#world = world;
    this.disk = new SimulatedDisk(
      { afterCrash: "silent" },
      {
        random: world.random.of(`${this.name} disk`),
        takesTime: (operation) => this.#diskTime(operation),
      },
    );
  }

  get endpoint(): string {
    return `http://${this.name}:${HTTP_PORT}`;
  }

  get process(): SimulatedProcess | undefined {
    return this.#process;
  }

  /** Of the life that runs; `undefined` while it starts or is down. */
  get broker(): Broker | undefined {
    return this.#broker;
  }

  /** Its last broker ended in order, and none has been started since. */
  get wasShutDown(): boolean {
    return this.#wasShutDown;
  }

  /** True time at which the life that runs was registered. */
  get registeredAtMs(): number {
    return this.#registeredAtMs;
  }

  /**
   * Starts a broker on what the disk holds. Resolves when it is registered, has failed to, or is gone.
   *
   * @param isExcused asked about a broker that did not start: whether something else is to blame.
   */
  async start({
    isExcused = () => false,
  }: {
    readonly isExcused?: () => boolean;
  } = {}): Promise<void> {
    this.#lives += 1;
    const life = `${this.name}#${this.#lives}`;
    const { schedule, random } = this.#world;
    const process = new SimulatedProcess(this.name, { schedule, random: random.of(life) });
    this.#process = process;
    this.#wasShutDown = false;
    this.#plane = undefined;
    this.#beganAt = schedule.sequence;
    for (const { starting } of this.#world.startListeners) starting(this);
    const ended = deferred<void>();
    this.#ended = ended;
    await Promise.race([this.#open(process, life, isExcused), ended.promise]);
  }

  async #open(process: SimulatedProcess, life: string, isExcused: () => boolean): Promise<void> {
    const { schedule, network, listeners, logger, zookeeper } = this.#world;
    const config = this.#config();
    this.#transport = new SimulatedTransport({ process, network, listeners });
    try {
      const broker = await Broker.start(config, {
        clock: process.clock,
        scheduler: process.scheduler,
        random: process.random,
        logger,
        fileSystem: this.disk.mount(),
        machine: this.#machine(life),
        network: {
          listen: () => Promise.reject(new Error("a simulated broker has no sockets")),
          probe: (target) => this.#probe(process, target),
        },
        connectZooKeeper: () =>
          zookeeper.connect(process, {
            sessionTimeoutMs: config.zookeeperSessionTimeoutMs,
            connectTimeoutMs: config.zookeeperConnectionTimeoutMs,
          }),
        peerTransport: this.#transport,
        openPlane: (_options, parts) => {
          this.#plane = new SimulatedPlane(
            { host: this.name, port: HTTP_PORT },
            { process, listeners, broker: parts },
          );
          return this.#plane;
        },
      });
      if (this.#process !== process) return;
      this.#broker = broker;
      this.#registeredAtMs = schedule.nowMs;
      for (const { started } of this.#world.startListeners) started(this);
    } catch (error) {
      if (!process.isAlive) return;
      if (!isExcused()) this.failures.push(errorMessage(error));
      logger.error("broker not started", { host: this.name, error: errorMessage(error) });
      this.#die(process, "process");
    }
  }

  /** `"process"`: kill -9. `"power"`: what was not synced may be gone, and nobody hears of it. */
  crash(kind: "process" | "power", options: PowerCutOptions = {}): void {
    const process = this.#process;
    // A machine that runs no broker can lose its power, too.
    this.disk.crash(kind, options);
    if (kind === "power") this.#boots += 1;
    if (process === undefined) return;
    if (kind === "process") {
      this.#plane?.resetAll();
      this.#transport?.hangUpAll();
    } else this.#plane?.stopListening();
    this.#die(process, kind);
  }

  /** In order; whoever waits for it must let time go on. */
  async shutDown(): Promise<void> {
    const process = this.#process;
    await Promise.race([this.#broker?.close(), this.#ended?.promise]);
    if (process === undefined || this.#process !== process) return;
    this.#die(process, "process");
    this.#wasShutDown = true;
  }

  /** What is still open; nothing, when it was shut down in order. */
  leftBehind(): LeftBehind {
    const { listeners, schedule } = this.#world;
    return {
      host: this.name,
      openFiles: this.disk.openFiles,
      waitsFor: schedule
        .waitingFor(this.name, this.#beganAt)
        .filter((kind) => OF_PROCESSES.includes(kind)),
      isListening: listeners.has(this.endpoint),
    };
  }

  /** Its session stays until it times out. */
  #die(process: SimulatedProcess, kind: "process" | "power"): void {
    process.kill();
    this.#world.zookeeper.cut(process, kind);
    this.#ended?.resolve();
    this.#process = undefined;
    this.#broker = undefined;
    this.#plane = undefined;
    this.#transport = undefined;
  }

  #diskTime(operation: DiskOperation): Promise<void> | undefined {
    const process = this.#process;
    // Nobody is there any more to whom it could matter.
    if (process === undefined) return new Promise(() => {});
    const [leastMs, mostMs] = this.#diskTimes[operation] ?? this.#diskTimes.other;
    const slow = this.disk.faults.extraMs(operation, this.#diskRandom);
    if (slow + leastMs === 0 && this.#diskRandom.next() < AT_ONCE_PART) return undefined;
    const took = slow + leastMs + (mostMs - leastMs) * this.#diskRandom.next();
    return new Promise((resolve) => void process.scheduler.after(took, resolve));
  }

  /** Machines answer, whatever their processes do; who does not hear of it in time knows nothing. */
  #probe(process: SimulatedProcess, target: ProbeTarget): Promise<ProbeOutcome> {
    const { listeners, network } = this.#world;
    const { host, port, timeoutMs } = target;
    return new Promise((resolve) => {
      // What a killed process still computes never leaves it.
      if (!process.isAlive) return;
      const timer = process.scheduler.after(timeoutMs, () => resolve("unknown"));
      network.send(process.name, host, "probe", () => {
        const outcome = listeners.has(`http://${host}:${port}`) ? "accepted" : "refused";
        network.send(host, process.name, `probe ${outcome}`, () =>
          process.receive(() => {
            timer.cancel();
            resolve(outcome);
          }),
        );
      });
    });
  }

  #config(): BrokerConfig {
    const settings = {
      "broker.id": this.brokerId,
      "data.dir": "/data",
      "zookeeper.connect": this.#world.zookeeper.connectString,
      "http.host": this.name,
      "http.port": HTTP_PORT,
      "kafka.enabled": false,
      ...this.#settings,
    };
    return parseBrokerConfig([{ from: "the simulated world", settings }]);
  }

  #machine(life: string): Machine {
    const pid = 1_000 + this.#lives;
    const bootId = `${this.name}-boot-${this.#boots}`;
    return {
      pid,
      usage: () => ({ residentBytes: 0, heapBytes: 0, eventLoopDelayMs: undefined }),
      bootId: () => Promise.resolve(bootId),
      processIdentity: (of) => Promise.resolve(of === pid ? life : undefined),
      folderIdentity: (path) => Promise.resolve(`${this.name}:${path}`),
    };
  }
}
