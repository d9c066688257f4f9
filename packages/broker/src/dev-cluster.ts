import { tmpdir } from "node:os";
import {
  type AbortSignalLike,
  abortable,
  makeUsableFolder,
  throwIfAborted,
  ZoologError,
} from "@zoolog/base";
import { startZooKeeperServer, type ZooKeeperServer } from "@zoolog/zookeeper";
import { Broker } from "./broker.ts";
import { hostAndPort } from "./broker-address.ts";
import type { HostDependencies } from "./broker-dependencies.ts";
import { parseBrokerConfig } from "./config/config.ts";
import type { SettingSource } from "./config/read-settings.ts";

export type DevClusterOptions = {
  /** 1 to 9, default 1. With several, topics are replicated: see `replicationSettings`. */
  readonly brokers?: number;
  /** Of the first broker, the others take the next ones; 0 takes any free ones. Default 8092. */
  readonly httpPort?: number;
  /** The same of Kafka's protocol. Default 9092. */
  readonly kafkaPort?: number;
  /** Of the embedded ZooKeeper; 0 takes any free one. Default 2181. */
  readonly zookeeperPort?: number;
  /** Where everything is kept; without it in a temporary folder that goes when the cluster does. */
  readonly dataFolder?: string;
  /** Broker settings for all brokers, over those of a development cluster. */
  readonly settings?: readonly SettingSource[];
  /** Gives the start up; of no meaning once the cluster runs. */
  readonly signal?: AbortSignalLike;
};

/** A whole cluster in this process: an embedded ZooKeeper and brokers that talk to it by TCP. */
export type DevCluster = {
  readonly brokers: readonly Broker[];
  /** Where the brokers' HTTP planes listen. */
  readonly urls: readonly string[];
  /** `host:port` where the brokers speak Kafka's protocol; empty where that is off. */
  readonly kafka: readonly string[];
  /** `host:port` of the embedded ZooKeeper. */
  readonly zookeeper: string;
  readonly dataFolder: string;
  /** Brokers that have a folder there from an earlier start, and were not started now; in order. */
  readonly absentBrokers: readonly number[];
  /** Brokers first, then ZooKeeper; a temporary folder is removed. Idempotent. */
  close(): Promise<void>;
};

const HTTP_PORT = 8092;
const KAFKA_PORT = 9092;
const ZOOKEEPER_PORT = 2181;

/** One machine, one event loop: more brokers only take turns. */
const BROKERS_MAX = 9;

/** A broker in the same process has recovered by then, or something is wrong. */
const READY_TIMEOUT_MS = 60_000;

/**
 * Starts a development cluster; every broker serves when this resolves.
 *
 * @throws what `Broker.start` throws, and the network's `EADDRINUSE` for ZooKeeper's port. Nothing
 *   stays open then. What is wrong with the options is found before anything is opened.
 */
export async function startDevCluster(
  options: DevClusterOptions,
  dependencies: HostDependencies,
): Promise<DevCluster> {
  const { fileSystem, random } = dependencies;
  const count = options.brokers ?? 1;
  if (!Number.isInteger(count) || count < 1 || count > BROKERS_MAX) throw wrongCount(count);
  const isTemporary = options.dataFolder === undefined;
  const dataFolder = options.dataFolder ?? `${tmpdir()}/zoolog-dev-${random.uuid()}`;
  checkSettings(count, options, dataFolder);
  const opened: (() => Promise<void>)[] = [];
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closing ??= closeAll(opened);
    return closing;
  };
  try {
    if (isTemporary) opened.push(() => fileSystem.removeTree(dataFolder));
    await makeUsableFolder(dataFolder, dependencies);
    throwIfAborted(options.signal);
    const server = await startZooKeeper(
      options,
      isTemporary ? undefined : dataFolder,
      dependencies,
    );
    opened.push(() => server.close());
    const zookeeper = `${server.host}:${server.port}`;
    const plan = { dataFolder, zookeeper, options };
    const brokers = await startBrokers(count, plan, { ...dependencies, opened });
    await Promise.all(brokers.map((broker) => abortable(untilReady(broker), options.signal)));
    const urls = brokers.map(({ address: { host, port } }) => `http://${host}:${port}`);
    const kafka = brokers.flatMap(({ kafkaAddress }) =>
      kafkaAddress === undefined ? [] : [hostAndPort(kafkaAddress)],
    );
    const absentBrokers = await absentFrom(dataFolder, count, fileSystem);
    return { brokers, urls, kafka, zookeeper, dataFolder, absentBrokers, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/**
 * All at once: none needs another one to start. When one cannot, the others are waited for, so that
 * `opened` knows everything that has to be closed.
 */
async function startBrokers(
  count: number,
  cluster: ClusterPlan,
  dependencies: HostDependencies & { readonly opened: (() => Promise<void>)[] },
): Promise<readonly Broker[]> {
  const starts = Array.from({ length: count }, async (_, index) => {
    const config = parseBrokerConfig(brokerSettings(index, count, cluster));
    const broker = await Broker.start(config, dependencies, cluster.options.signal);
    dependencies.opened.push(() => broker.close());
    return broker;
  });
  const started = await Promise.allSettled(starts);
  return started.map((start) => {
    if (start.status === "rejected") throw start.reason;
    return start.value;
  });
}

async function startZooKeeper(
  options: DevClusterOptions,
  dataFolder: string | undefined,
  dependencies: HostDependencies,
): Promise<ZooKeeperServer> {
  const port = options.zookeeperPort ?? ZOOKEEPER_PORT;
  const kept = dataFolder === undefined ? {} : { dataFolder: `${dataFolder}/zookeeper` };
  return startZooKeeperServer({ port, ...kept }, dependencies);
}

/** @throws ZoologError `INVALID_CONFIG` */
function checkSettings(count: number, options: DevClusterOptions, dataFolder: string): void {
  // Any free port is none yet.
  const zookeeper = `127.0.0.1:${options.zookeeperPort || ZOOKEEPER_PORT}`;
  for (let index = 0; index < count; index++) {
    parseBrokerConfig(brokerSettings(index, count, { dataFolder, zookeeper, options }));
  }
}

type ClusterPlan = {
  readonly dataFolder: string;
  readonly zookeeper: string;
  readonly options: DevClusterOptions;
};

function brokerSettings(index: number, count: number, cluster: ClusterPlan): SettingSource[] {
  const { httpPort = HTTP_PORT, kafkaPort = KAFKA_PORT } = cluster.options;
  const settings = {
    "broker.id": index + 1,
    "data.dir": `${cluster.dataFolder}/broker-${index + 1}`,
    "zookeeper.connect": cluster.zookeeper,
    "http.port": httpPort === 0 ? 0 : httpPort + index,
    "kafka.port": kafkaPort === 0 ? 0 : kafkaPort + index,
    ...replicationSettings(count),
    // Whoever tries something out starts one member and waits for its first record.
    "group.initial.rebalance.delay.ms": 0,
  };
  return [{ from: "development cluster", settings }, ...(cluster.options.settings ?? [])];
}

/**
 * What a cluster of this size is for: with three, a broker may go and nothing stops; with two, either
 * may go, as a second acknowledgement would make every stop of one a stop of all.
 */
function replicationSettings(count: number): Readonly<Record<string, number>> {
  return {
    "default.replication.factor": Math.min(count, 3),
    "min.insync.replicas": count >= 3 ? 2 : 1,
  };
}

async function absentFrom(
  dataFolder: string,
  count: number,
  fileSystem: HostDependencies["fileSystem"],
): Promise<number[]> {
  const names = await fileSystem.readDirectory(dataFolder);
  return names
    .map((name) => Number(/^broker-([1-9])$/.exec(name)?.[1] ?? 0))
    .filter((brokerId) => brokerId > count)
    .sort((a, b) => a - b);
}

async function untilReady(broker: Broker): Promise<void> {
  if (await broker.ready(READY_TIMEOUT_MS)) return;
  throw new ZoologError({
    code: "BROKER_NOT_AVAILABLE",
    message: `broker ${broker.brokerId} is not ready: ${broker.health().reasons.join(" ")}`,
    retriable: true,
    hint: "Its log has the details.",
  });
}

/** In reverse order of opening; one that fails does not keep the others open. */
async function closeAll(opened: readonly (() => Promise<void>)[]): Promise<void> {
  const failures: unknown[] = [];
  for (const close of opened.toReversed()) await close().catch((error) => failures.push(error));
  if (failures.length > 0) throw failures[0];
}

function wrongCount(count: number): ZoologError {
  return new ZoologError({
    code: "INVALID_OPTION",
    message: `a development cluster has 1 to ${BROKERS_MAX} brokers, not ${count}`,
    hint: "Three show everything; brokers of their own processes are started by zoolog broker.",
  });
}
