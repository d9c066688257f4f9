import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "@zoolog/client";
import { freeTcpPorts, startZooKeeperEnsemble, type ZooKeeperEnsemble } from "@zoolog/testkit";
import { ChaosBroker } from "./chaos-broker.ts";

export type ChaosClusterOptions = {
  readonly brokers: number;
  readonly build: string;
  readonly settings: Readonly<Record<string, string | number>>;
};

/** Everything that has to come about after a fault does so in seconds, or something is wrong. */
const UNTIL_MS_MAX = 120_000;
const LOOK_MS = 100;

/** Real ZooKeeper servers and real brokers, processes all of them. */
export class ChaosCluster {
  readonly ensemble: ZooKeeperEnsemble;
  readonly brokers: readonly ChaosBroker[];
  readonly folder: string;

  private constructor(
    ensemble: ZooKeeperEnsemble,
    brokers: readonly ChaosBroker[],
    folder: string,
  ) {
    this.ensemble = ensemble;
    this.brokers = brokers;
    this.folder = folder;
  }

  static async start(options: ChaosClusterOptions): Promise<ChaosCluster> {
    const folder = mkdtempSync(join(tmpdir(), "zoolog-chaos-"));
    mkdirSync(folder, { recursive: true });
    const ensemble = await startZooKeeperEnsemble({ servers: 3, fsync: true });
    const ports = await freeTcpPorts(options.brokers);
    const brokers = ports.map(
      (httpPort, index) =>
        new ChaosBroker({
          brokerId: index + 1,
          build: options.build,
          folder,
          host: "127.0.0.1",
          httpPort,
          zookeeperConnect: `${ensemble.connectString}/zoolog`,
          settings: options.settings,
          prefix: [],
        }),
    );
    const cluster = new ChaosCluster(ensemble, brokers, folder);
    try {
      for (const broker of brokers) broker.start();
      await cluster.until("all brokers are ready", () => cluster.areReady());
      return cluster;
    } catch (error) {
      await cluster.close();
      throw error;
    }
  }

  client(clientId: string): Client {
    return new Client({ brokers: this.brokers.map(({ url }) => url), clientId });
  }

  async areReady(): Promise<boolean> {
    const ready = await Promise.all(this.brokers.map((broker) => broker.isReady()));
    return ready.every((is) => is);
  }

  /** @throws Error when it has not come about long after it should have. */
  async until(what: string, isSo: () => Promise<boolean>): Promise<void> {
    const giveUpAt = performance.now() + UNTIL_MS_MAX;
    while (!(await isSo())) {
      const ended = this.brokers.some(({ unexpectedExits }) => unexpectedExits.length > 0);
      if (ended || performance.now() > giveUpAt) {
        const tails = this.brokers.map((broker) => broker.logTail(5)).join("\n");
        throw new Error(
          `never: ${what}; the brokers' last words:\n${tails}`,
        );
      }
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  }

  /** Every broker runs and every ZooKeeper server serves; what was paused goes on. */
  async heal(): Promise<void> {
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
    await this.ensemble.close();
    if (!options.keep) rmSync(this.folder, { recursive: true, force: true });
  }
}
