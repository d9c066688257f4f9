import { Broker, hostDependencies, parseBrokerConfig, startDevCluster } from "@zoolog/broker";
import { createLogger } from "@zoolog/host";
import type { BrokerProcessPlan, BrokerProcessReady } from "./broker-process.ts";

/** A broker has its cluster image by then; one that never becomes ready is a failed test. */
const READY_TIMEOUT_MS = 60_000;

/** What `startBrokerProcess` runs: the command line's part, without its comforts. */
export async function runBrokerProcess(plan: BrokerProcessPlan): Promise<void> {
  const started = await start(plan);
  void started.failed?.then(() => started.close().then(() => process.exit(1)));
  process.once("SIGTERM", () => void started.close().then(() => process.exit(0)));
  process.stdout.write(`${JSON.stringify(started.ready)}\n`);
}

async function start(plan: BrokerProcessPlan): Promise<{
  readonly ready: BrokerProcessReady;
  readonly failed?: Promise<unknown>;
  readonly close: () => Promise<void>;
}> {
  const dependencies = hostDependencies({ logger: createLogger({ level: "info" }) });
  if (plan.kind === "dev") {
    const cluster = await startDevCluster(plan.options, dependencies);
    const [url = ""] = cluster.urls;
    return { ready: { url, zookeeper: cluster.zookeeper }, close: () => cluster.close() };
  }
  const config = parseBrokerConfig([{ from: "test", settings: plan.settings }]);
  const broker = await Broker.start(config, dependencies);
  if (!(await broker.ready(READY_TIMEOUT_MS))) throw new Error("the broker did not become ready");
  const { host, port } = broker.address;
  const ready = { url: `http://${host}:${port}`, zookeeper: undefined };
  return { ready, failed: broker.failed, close: () => broker.close() };
}
