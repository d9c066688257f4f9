import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { servingMode } from "./four-letter-word.ts";
import { freeTcpPorts } from "./tcp-ports.ts";
import { findZooKeeper } from "./zookeeper-installation.ts";
import { ZooKeeperProcess } from "./zookeeper-process.ts";

export type ZooKeeperEnsembleOptions = {
  readonly servers: 1 | 3;
  /** Sessions last between 2 and 20 ticks. Default 500 ms. */
  readonly tickTimeMs?: number;
  /** Default false: writes do not wait for the disk. */
  readonly fsync?: boolean;
  /** Default `small`: quick to start, and slow. `operated`: with the heap and JIT of operators. */
  readonly jvm?: "small" | "operated";
  /** Where each server lives, if not on the loopback address: `prefix` starts a process there. */
  readonly hosts?: readonly ServerHost[];
  /** Where the servers' folders are made. Default: the machine's temporary folder. */
  readonly folder?: string;
};

type ServerHost = { readonly address: string; readonly prefix: readonly string[] };

const LOOPBACK: ServerHost = { address: "127.0.0.1", prefix: [] };

const DEFAULT_TICK_MS = 500;
/** Starting three JVMs on a busy machine takes seconds; much longer means that something is wrong. */
const READY_MS_MAX = 90_000;
const POLL_MS = 50;
/** Another process may take a port between our look and the server's bind. */
const START_TRIES_MAX = 3;

/** Starts Apache ZooKeeper (found by `findZooKeeper`) as Java processes; resolves when it serves. */
export async function startZooKeeperEnsemble(
  options: ZooKeeperEnsembleOptions,
): Promise<ZooKeeperEnsemble> {
  for (let tries = 1; ; tries++) {
    const ensemble = await ZooKeeperEnsemble.prepare(options);
    try {
      for (let index = 0; index < ensemble.size; index++) ensemble.start(index);
      await ensemble.ready();
      return ensemble;
    } catch (error) {
      await ensemble.close();
      if (tries === START_TRIES_MAX || !String(error).includes("BindException")) throw error;
    }
  }
}

type Member = {
  readonly process: ZooKeeperProcess;
  readonly host: string;
  readonly clientPort: number;
};

/** A real ensemble, on 127.0.0.1 unless told otherwise. Servers are named by their index, from 0. */
export class ZooKeeperEnsemble {
  readonly #folder: string;
  readonly #members: readonly Member[];
  readonly #onExit: () => void;

  private constructor(folder: string, members: readonly Member[]) {
    this.#folder = folder;
    this.#members = members;
    this.#onExit = () => {
      for (const { process } of members) process.killNow();
      rmSync(folder, { recursive: true, force: true });
    };
    process.once("exit", this.#onExit);
  }

  static async prepare(options: ZooKeeperEnsembleOptions): Promise<ZooKeeperEnsemble> {
    const installation = findZooKeeper();
    const folder = mkdtempSync(join(options.folder ?? tmpdir(), "zoolog-zookeeper-"));
    const ports = await freeTcpPorts(options.servers * 3);
    const members = Array.from({ length: options.servers }, (_, index): Member => {
      const memberFolder = join(folder, `server-${index}`);
      mkdirSync(join(memberFolder, "data"), { recursive: true });
      writeFileSync(
        join(memberFolder, "zoo.cfg"),
        configuration(options, index, ports, memberFolder),
      );
      writeFileSync(join(memberFolder, "data", "myid"), `${index + 1}\n`);
      return {
        process: new ZooKeeperProcess({
          installation,
          folder: memberFolder,
          fsync: options.fsync ?? false,
          jvm: options.jvm ?? "small",
          prefix: hostOf(options, index).prefix,
        }),
        host: hostOf(options, index).address,
        clientPort: clientPort(ports, index),
      };
    });
    return new ZooKeeperEnsemble(folder, members);
  }

  /** `host:port,…` of all servers. */
  get connectString(): string {
    return this.#members.map((_, index) => this.serverAddress(index)).join(",");
  }

  get size(): number {
    return this.#members.length;
  }

  /** `host:port` of one server. */
  serverAddress(index: number): string {
    const { host, clientPort } = this.#member(index);
    return `${host}:${clientPort}`;
  }

  /** The client port of one server. */
  port(index: number): number {
    return this.#member(index).clientPort;
  }

  /** Starts one server on its old data, without waiting; `ready` waits. */
  start(index: number): void {
    this.#member(index).process.start();
  }

  /** Resolves when every running server serves clients: alone, or with a leader. */
  async ready(): Promise<void> {
    const giveUpAt = Date.now() + READY_MS_MAX;
    const waiting = new Set(this.#members.filter(({ process }) => process.isRunning));
    while (waiting.size > 0) {
      for (const member of waiting) {
        if (!member.process.isRunning) throw startError("ended", member);
        if ((await servingMode(addressOf(member))) !== undefined) waiting.delete(member);
      }
      const [first] = waiting;
      if (first === undefined) return;
      if (Date.now() > giveUpAt) throw startError("is not ready", first);
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }

  /** Which server leads; 0 when there is only one. `undefined` without a quorum. */
  async leader(): Promise<number | undefined> {
    for (const [index, member] of this.#members.entries()) {
      const mode = await servingMode(addressOf(member));
      if (mode === "leader" || mode === "standalone") return index;
    }
    return undefined;
  }

  /** The process of one server. @throws Error when it does not run. */
  pid(index: number): number {
    const { pid } = this.#member(index).process;
    if (pid === undefined) throw new Error(`server ${index} does not run`);
    return pid;
  }

  isRunning(index: number): boolean {
    return this.#member(index).process.isRunning;
  }

  /** SIGKILL; what the server had written stays. */
  kill(index: number): Promise<void> {
    return this.#member(index).process.kill();
  }

  /** SIGSTOP: the server keeps its connections and answers nothing. */
  pause(index: number): void {
    this.#member(index).process.pause();
  }

  resume(index: number): void {
    this.#member(index).process.resume();
  }

  /** Where a server keeps its snapshots and logs. Copy it, or put a copy back, while it is killed. */
  dataFolder(index: number): string {
    return join(this.#folder, `server-${index}`, "data");
  }

  /** Kills the server when it runs, starts it on its old data, and waits until it serves. */
  async restart(index: number): Promise<void> {
    await this.kill(index);
    this.start(index);
    await this.ready();
  }

  /** Ends the processes and removes their folders. Idempotent. */
  async close(): Promise<void> {
    process.removeListener("exit", this.#onExit);
    await Promise.all(this.#members.map((member) => member.process.kill()));
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #member(index: number): Member {
    const member = this.#members[index];
    if (member === undefined) throw new RangeError(`there is no server ${index}`);
    return member;
  }
}

function configuration(
  options: ZooKeeperEnsembleOptions,
  index: number,
  ports: readonly number[],
  folder: string,
): string {
  const peers = Array.from({ length: options.servers }, (_, peer) => {
    const [, quorum, election] = ports.slice(peer * 3, peer * 3 + 3);
    return `server.${peer + 1}=${hostOf(options, peer).address}:${quorum}:${election}`;
  });
  return [
    `tickTime=${options.tickTimeMs ?? DEFAULT_TICK_MS}`,
    `dataDir=${join(folder, "data")}`,
    `clientPort=${clientPort(ports, index)}`,
    `clientPortAddress=${hostOf(options, index).address}`,
    "initLimit=20",
    "syncLimit=5",
    "maxClientCnxns=0",
    "admin.enableServer=false",
    "4lw.commands.whitelist=*",
    ...(options.servers === 1 ? [] : peers),
    "",
  ].join("\n");
}

function hostOf({ hosts }: ZooKeeperEnsembleOptions, index: number): ServerHost {
  return hosts?.[index] ?? LOOPBACK;
}

function addressOf({ host, clientPort: port }: Member): {
  readonly host: string;
  readonly port: number;
} {
  return { host, port };
}

function clientPort(ports: readonly number[], index: number): number {
  return ports[index * 3] ?? 0;
}

function startError(what: string, member: Member): Error {
  return new Error(
    `the ZooKeeper server on port ${member.clientPort} ${what}; its log ends with:\n` +
      member.process.logTail(),
  );
}
