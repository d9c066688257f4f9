import { startZooKeeperEnsemble } from "@zoolog/testkit";

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

export const BACKENDS: readonly Backend[] = [REAL_ZOOKEEPER];
