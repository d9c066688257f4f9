import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freeTcpPorts, startZooKeeperEnsemble, type ZooKeeperEnsemble } from "@zoolog/testkit";
import { untilBrokersKnown } from "../../test/kafka/metadata-probe.ts";
import type { RunningSide, Side } from "./side.ts";

/** The built command, as users run it (`npm run build` first). */
const COMMAND = "packages/cli/bin/zoolog.js";
/** Makes the kernel end the broker when this process dies without a chance to do it itself. */
const SETPRIV = "/usr/bin/setpriv";
const START_MS_MAX = 60_000;
const LOG_TAIL_CHARACTERS = 4_000;
/** As Apache Kafka's ensemble has it here. */
const ZOOKEEPER_TICK_MS = 2_000;

type Member = {
  readonly id: number;
  readonly kafkaPort: number;
  readonly httpPort: number;
  child: ChildProcess | undefined;
};

/** Zoolog as `zoolog broker` starts it; `nodeFlags` go to Node.js, such as `--cpu-prof`. */
export function zoologSide(nodeFlags: readonly string[] = []): Side {
  return {
    id: "zoolog",
    name: "Zoolog",
    start: async (brokers) => {
      const cluster = await ZoologProcesses.prepare(brokers, nodeFlags);
      await cluster.startAll();
      return cluster;
    },
    startTimed: async () => {
      const side = await ZoologProcesses.prepare(1, nodeFlags);
      const start = performance.now();
      await side.startAll();
      return { side, readyMs: performance.now() - start };
    },
  };
}

class ZoologProcesses implements RunningSide {
  readonly #nodeFlags: readonly string[];
  readonly #folder: string;
  readonly #zookeeper: ZooKeeperEnsemble;
  readonly #members: readonly Member[];
  readonly #onExit = (): void => {
    for (const { child } of this.#members) child?.kill("SIGKILL");
    rmSync(this.#folder, { recursive: true, force: true });
  };

  private constructor(
    nodeFlags: readonly string[],
    parts: {
      readonly folder: string;
      readonly zookeeper: ZooKeeperEnsemble;
      readonly members: readonly Member[];
    },
  ) {
    this.#nodeFlags = nodeFlags;
    this.#folder = parts.folder;
    this.#zookeeper = parts.zookeeper;
    this.#members = parts.members;
    process.once("exit", this.#onExit);
  }

  static async prepare(brokers: 1 | 3, nodeFlags: readonly string[]): Promise<ZoologProcesses> {
    const ports = await freeTcpPorts(brokers * 2);
    const members = Array.from({ length: brokers }, (_, index) => ({
      id: index + 1,
      kafkaPort: ports[index * 2] ?? 0,
      httpPort: ports[index * 2 + 1] ?? 0,
      child: undefined,
    }));
    const zookeeper = await startZooKeeperEnsemble({
      servers: 1,
      jvm: "operated",
      tickTimeMs: ZOOKEEPER_TICK_MS,
    });
    const folder = mkdtempSync(join(tmpdir(), "zoolog-bench-"));
    return new ZoologProcesses(nodeFlags, { folder, zookeeper, members });
  }

  get bootstrap(): string {
    return this.#members.map(({ kafkaPort }) => `127.0.0.1:${kafkaPort}`).join();
  }

  get pids(): number[] {
    return this.#members.map(({ child }) => child?.pid ?? -1);
  }

  /** Resolves when every broker knows all of them; nothing stays after a failure. */
  async startAll(): Promise<void> {
    const deadline = Date.now() + START_MS_MAX;
    for (const member of this.#members) member.child = this.#start(member);
    for (const { id, kafkaPort, child } of this.#members) {
      const isOver = (): boolean => Date.now() > deadline || child?.exitCode !== null;
      if (await untilBrokersKnown(kafkaPort, this.#members.length, isOver)) continue;
      const tail = readFileSync(this.#logFile(id), "utf8").slice(-LOG_TAIL_CHARACTERS);
      await this.close();
      throw new Error(`Zoolog's broker ${id} did not start\n${tail}`);
    }
  }

  async kill(id: number): Promise<void> {
    await this.#end(this.#members.find((member) => member.id === id)?.child, "SIGKILL");
  }

  /** In order, so that profiles are written. */
  async close(): Promise<void> {
    await Promise.all(this.#members.map(({ child }) => this.#end(child, "SIGTERM")));
    await this.#zookeeper.close();
    process.off("exit", this.#onExit);
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #start({ id, kafkaPort, httpPort }: Member): ChildProcess {
    const settings = { "kafka.host": "127.0.0.1", "kafka.port": kafkaPort };
    const [program = "", ...args] = [
      ...(existsSync(SETPRIV) ? [SETPRIV, "--pdeathsig", "KILL"] : []),
      ...[process.execPath, ...this.#nodeFlags, COMMAND, "broker"],
      ...["--broker-id", String(id), "--data", join(this.#folder, `${id}`)],
      ...["--zookeeper", `${this.#zookeeper.connectString}/zoolog`],
      ...["--http-host", "127.0.0.1", "--http-port", String(httpPort)],
      ...Object.entries(settings).flatMap(([name, value]) => ["--set", `${name}=${value}`]),
    ];
    const log = openSync(this.#logFile(id), "a");
    const child = spawn(program, args, { stdio: ["ignore", log, log] });
    closeSync(log);
    return child;
  }

  #logFile(id: number): string {
    return join(this.#folder, `${id}.log`);
  }

  async #end(child: ChildProcess | undefined, signal: NodeJS.Signals): Promise<void> {
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, "exit");
    child.kill(signal);
    await exited;
  }
}
