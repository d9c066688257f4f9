import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type BrokerProcess,
  freeTcpPorts,
  startBrokerProcess,
  startZooKeeperEnsemble,
} from "@zoolog/testkit";

export type ClusterUnderLoad = {
  readonly brokers: readonly BrokerProcess[];
  readonly urls: string[];
  /** Nothing is read afterwards, so nobody waits for an orderly end. */
  close(): Promise<void>;
};

/** Broker processes at real ZooKeeper servers, all on this machine, with data that goes with them. */
export async function startCluster(options: {
  readonly brokers: number;
  readonly zookeepers: 1 | 3;
  readonly settings?: Readonly<Record<string, unknown>>;
}): Promise<ClusterUnderLoad> {
  const folder = mkdtempSync(join(tmpdir(), "zoolog-bench-"));
  const ensemble = await startZooKeeperEnsemble({ servers: options.zookeepers });
  const ports = await freeTcpPorts(options.brokers);
  const brokers = await Promise.all(
    ports.map((port, index) =>
      startBrokerProcess({
        kind: "broker",
        settings: {
          "broker.id": index + 1,
          "data.dir": join(folder, `${index + 1}`),
          "zookeeper.connect": `${ensemble.connectString}/zoolog`,
          "http.port": port,
          "kafka.port": 0,
          ...options.settings,
        },
      }),
    ),
  );
  return {
    brokers,
    urls: brokers.map(({ url }) => url),
    close: async () => {
      await Promise.all(brokers.map((broker) => broker.kill("SIGKILL")));
      await ensemble.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
