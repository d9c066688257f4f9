import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLogger } from "@zoolog/base";
import { hostDependencies } from "@zoolog/broker";
import {
  dockerEngineFault,
  startZooKeeperContainer,
  startZooKeeperEnsemble,
} from "@zoolog/testkit";
import { startZooKeeperServer } from "@zoolog/zookeeper";

/** One ZooKeeper, whoever made it. */
export type Backend = {
  readonly name: string;
  readonly start: () => Promise<RunningBackend>;
};

export type RunningBackend = {
  /** On 127.0.0.1. */
  readonly port: number;
  readonly close: () => Promise<void>;
};

/** Sessions last between 1 and 10 seconds. */
const TICK_TIME_MS = 500;

export const REAL_ZOOKEEPER: Backend = {
  name: "Apache ZooKeeper",
  start: async () => {
    const ensemble = await startZooKeeperEnsemble({ servers: 1, tickTimeMs: TICK_TIME_MS });
    return { port: ensemble.port(0), close: () => ensemble.close() };
  },
};

export const EMBEDDED_SERVER: Backend = {
  name: "the embedded server",
  start: async () => {
    const dataFolder = mkdtempSync(join(tmpdir(), "zoolog-embedded-"));
    const server = await startZooKeeperServer(
      { port: 0, dataFolder, tickTimeMs: TICK_TIME_MS, connectionsPerAddressMax: 0 },
      hostDependencies({ logger: silentLogger }),
    );
    return {
      port: server.port,
      close: async () => {
        await server.close();
        rmSync(dataFolder, { recursive: true, force: true });
      },
    };
  },
};

const CONTAINER: Backend = {
  name: "Apache ZooKeeper in a container",
  start: () => startZooKeeperContainer({ tickTimeMs: TICK_TIME_MS }),
};

/** All that can be started here; a container only where an engine runs. */
export const BACKENDS: readonly Backend[] = [
  REAL_ZOOKEEPER,
  EMBEDDED_SERVER,
  ...containerIfPossible(),
];

function containerIfPossible(): Backend[] {
  const fault = dockerEngineFault();
  if (fault === undefined) return [CONTAINER];
  process.stderr.write(`ZooKeeper is not tested in a container: ${fault}\n`);
  return [];
}
