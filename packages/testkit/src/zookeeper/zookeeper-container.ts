import { testcontainers } from "../containers/engine.ts";
import { servingMode } from "./four-letter-word.ts";

/** Another one where this cannot be pulled: scripts/build-base-images.sh makes one. */
const IMAGE = process.env["ZOOKEEPER_IMAGE"] ?? "zookeeper:3.8";
const CLIENT_PORT = 2181;
const READY_MS_MAX = 60_000;
const POLL_MS = 100;

export type ZooKeeperContainer = {
  /** On this machine. */
  readonly port: number;
  readonly close: () => Promise<void>;
};

/** One standalone Apache ZooKeeper in a container, when `dockerEngineFault` has nothing to say. */
export async function startZooKeeperContainer(options: {
  readonly tickTimeMs: number;
}): Promise<ZooKeeperContainer> {
  const { GenericContainer, Wait } = await testcontainers();
  const container = await new GenericContainer(IMAGE)
    .withExposedPorts(CLIENT_PORT)
    // The default also looks from inside, with tools that a small image has not.
    .withWaitStrategy(Wait.forLogMessage(/binding to port/))
    .withEnvironment({
      ZOO_TICK_TIME: `${options.tickTimeMs}`,
      ZOO_MAX_CLIENT_CNXNS: "0",
      ZOO_ADMINSERVER_ENABLED: "false",
      ZOO_4LW_COMMANDS_WHITELIST: "*",
    })
    .start();
  const port = container.getMappedPort(CLIENT_PORT);
  const close = async (): Promise<void> => void (await container.stop());
  const giveUpAt = Date.now() + READY_MS_MAX;
  while ((await servingMode({ port })) === undefined) {
    if (Date.now() > giveUpAt) {
      await close();
      throw new Error(`the container of ${IMAGE} does not serve on port ${port}`);
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  return { port, close };
}
