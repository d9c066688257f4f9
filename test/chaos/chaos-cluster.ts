import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "@zoolog/client";
import { freeTcpPorts, startZooKeeperEnsemble, ZooKeeperEnsemble } from "@zoolog/testkit";
import { ChaosBroker } from "./chaos-broker.ts";
import { LOOPBACK, Namespaces } from "./injectors/namespaces.ts";
import { KEPT, RUN_NAME } from "./injectors/run-name.ts";

export type ChaosClusterOptions = {
  readonly brokers: number;
  readonly build: string;
  readonly settings: Readonly<Record<string, string | number>>;
  /** Every process in a network namespace of its own, so that they can be cut off. */
  readonly namespaces: boolean;
  readonly ground?: Ground;
};

/** What stands under the processes of a cluster: volumes, links, what they are started by. */
export type Ground = {
  /** Before the first start of a server. */
  readonly layServers?: ((ensemble: ZooKeeperEnsemble) => Promise<void> | void) | undefined;
  /** Before the first start of a broker. */
  readonly layBrokers?: (parts: {
    readonly brokers: readonly ChaosBroker[];
    readonly ensemble: ZooKeeperEnsemble;
  }) => Promise<void> | void;
  /** When all processes are gone, before their folders are removed. */
  readonly close: () => Promise<void> | void;
};

const SERVERS = 3;

/** Everything that has to come about after a fault does so in seconds, or something is wrong. */
const UNTIL_MS_MAX = 120_000;
const LOOK_MS = 100;

/** Real ZooKeeper servers and real brokers, processes all of them. */
export class ChaosCluster {
  readonly ensemble: ZooKeeperEnsemble;
  readonly brokers: readonly ChaosBroker[];
  readonly folder: string;
  /** Hosts 0 to 2 have the ZooKeeper servers, the ones behind them the brokers. */
  readonly namespaces: Namespaces | undefined;
  readonly #ground: Ground | undefined;

  private constructor(parts: {
    readonly ensemble: ZooKeeperEnsemble;
    readonly brokers: readonly ChaosBroker[];
    readonly folder: string;
    readonly namespaces: Namespaces | undefined;
    readonly ground: Ground | undefined;
  }) {
    this.ensemble = parts.ensemble;
    this.brokers = parts.brokers;
    this.folder = parts.folder;
    this.namespaces = parts.namespaces;
    this.#ground = parts.ground;
  }

  static async start(options: ChaosClusterOptions): Promise<ChaosCluster> {
    const folder = mkdtempSync(join(tmpdir(), `${RUN_NAME}-zoolog-chaos-`));
    const namespaces = options.namespaces
      ? Namespaces.create(SERVERS + options.brokers)
      : undefined;
    const hosts = Array.from(
      { length: SERVERS + options.brokers },
      (_, index) => namespaces?.host(index) ?? LOOPBACK,
    );
    const { ground } = options;
    const servers = { servers: SERVERS, fsync: true, hosts, folder } as const;
    const ensemble =
      ground?.layServers === undefined
        ? await startZooKeeperEnsemble(servers)
        : await ZooKeeperEnsemble.prepare(servers);
    const ports = await freeTcpPorts(2 * options.brokers);
    const brokers = ports.slice(options.brokers).map((kafkaPort, index) => {
      const { address, prefix } = hosts[SERVERS + index] ?? LOOPBACK;
      return new ChaosBroker({
        brokerId: index + 1,
        build: options.build,
        folder,
        host: address,
        httpPort: ports[index] ?? 0,
        kafkaPort,
        zookeeperConnect: `${ensemble.connectString}/zoolog`,
        settings: options.settings,
        prefix,
      });
    });
    const cluster = new ChaosCluster({ ensemble, brokers, folder, namespaces, ground });
    try {
      if (ground?.layServers !== undefined) {
        await ground.layServers(ensemble);
        for (let server = 0; server < SERVERS; server++) ensemble.start(server);
        await ensemble.ready();
      }
      await ground?.layBrokers?.({ brokers, ensemble });
      for (const broker of brokers) broker.start();
      await cluster.until("all brokers are ready", () => cluster.areReadyOrEnded());
      return cluster;
    } catch (error) {
      await cluster.close();
      throw error;
    }
  }

  /** The host that a broker lives on, among those of `namespaces`. */
  hostIndexOf({ brokerId }: ChaosBroker): number {
    return SERVERS + this.brokers.findIndex((broker) => broker.brokerId === brokerId);
  }

  addressesOf(who: "brokers" | "zookeeper" | "clients"): readonly string[] {
    if (this.namespaces === undefined) return [];
    if (who === "clients") return [this.namespaces.ownAddress];
    const first = who === "zookeeper" ? 0 : SERVERS;
    const count = who === "zookeeper" ? SERVERS : this.brokers.length;
    return Array.from(
      { length: count },
      (_, index) => this.namespaces?.host(first + index).address ?? "",
    );
  }

  client(clientId: string): Client {
    return new Client({ brokers: this.brokers.map(({ url }) => url), clientId });
  }

  /** `host:port,…` of all brokers, for Kafka clients. */
  get kafkaBootstrap(): string {
    return this.brokers.map(({ kafkaAddress }) => kafkaAddress).join();
  }

  async areReady(): Promise<boolean> {
    const ready = await Promise.all(this.brokers.map((broker) => broker.isReady()));
    return ready.every((is) => is);
  }

  /** @throws Error when a broker has ended instead. */
  async areReadyOrEnded(): Promise<boolean> {
    const ended = this.brokers.flatMap(({ unexpectedExits }) => unexpectedExits);
    if (ended.length > 0) throw new Error(`${ended.join("\n")}\n${this.#lastWords()}`);
    return this.areReady();
  }

  /** @throws Error when it has not come about long after it should have. */
  async until(what: string, isSo: () => Promise<boolean>): Promise<void> {
    const giveUpAt = performance.now() + UNTIL_MS_MAX;
    while (!(await isSo())) {
      if (performance.now() > giveUpAt) throw new Error(`never: ${what}\n${this.#lastWords()}`);
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  }

  #lastWords(): string {
    return this.brokers.map((broker) => broker.logTail(5)).join("\n");
  }

  /** Every broker runs and every ZooKeeper server serves; what was paused goes on. */
  async heal(): Promise<void> {
    this.namespaces?.heal();
    for (let server = 0; server < this.ensemble.size; server++) {
      this.ensemble.resume(server);
      if (!this.ensemble.isRunning(server)) this.ensemble.start(server);
    }
    await this.ensemble.ready();
    for (const broker of this.brokers) {
      broker.resume();
      if (!broker.isRunning) broker.start();
    }
    await this.until("all brokers are ready", () => this.areReady());
  }

  /** Ends everything. The folder with data and logs stays when `keep` says so. */
  async close(options: { readonly keep: boolean } = { keep: false }): Promise<void> {
    await Promise.all(this.brokers.map((broker) => broker.kill()));
    for (let server = 0; server < SERVERS; server++) await this.ensemble.kill(server);
    await this.#ground?.close();
    await this.ensemble.close();
    this.namespaces?.close();
    if (options.keep) writeFileSync(join(this.folder, KEPT), "");
    else rmSync(this.folder, { recursive: true, force: true });
  }
}
