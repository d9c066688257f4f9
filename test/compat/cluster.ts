import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freeTcpPorts, ProcessCluster } from "@zoolog/testkit";
import { BrokerProbe } from "./broker-probe.ts";

/** What a client is tried against. */
export type CompatCluster = {
  /** What the table calls it. */
  readonly what: string;
  /** `host:port,…` */
  readonly bootstrap: string;
  readonly canKill: boolean;
  readonly createTopic: (topic: string, partitions: number) => Promise<void>;
  readonly latestOffset: (topic: string) => Promise<number>;
  /** Bits 0-2 of the attributes of partition 0's first batch on a disk; `undefined`: no disk to look at. */
  readonly storedCodec: (topic: string) => Promise<number | undefined>;
  /** The folder of partition 0's log at its leader, where there is a disk to look at. */
  readonly logFolder: (topic: string) => Promise<string | undefined>;
  /** The broker that leads partition 0, by SIGKILL. */
  readonly killLeader: (topic: string) => Promise<void>;
  /** Everybody runs again, and partition 0 of the topic has all its replicas in sync. */
  readonly heal: (topic: string) => Promise<void>;
  readonly close: () => Promise<void>;
};

/** Brokers that can be killed one by one. */
export type Brokers = {
  readonly bootstrap: string;
  readonly createTopic: (topic: string, partitions: number, replicas: number) => Promise<void>;
  readonly kill: (id: number) => Promise<void>;
  readonly start: (id: number) => Promise<void>;
  readonly dataFolder: (id: number) => string;
  readonly close: () => Promise<void>;
};

const REPLICAS = 3;
const ATTRIBUTES_AT = 21;
const CODEC_BITS = 0x07;

/** Three Zoolog brokers with Kafka listeners, as processes. */
export async function startZoologBrokers(): Promise<Brokers> {
  const ports = await freeTcpPorts(REPLICAS);
  const folder = await mkdtemp(join(tmpdir(), "zoolog-compat-"));
  const dataFolder = (id: number): string => join(folder, `${id}`);
  const cluster = await ProcessCluster.start({
    settings: (id) => ({ "data.dir": dataFolder(id), "kafka.port": ports[id - 1] }),
  });
  return {
    bootstrap: ports.map((port) => `127.0.0.1:${port}`).join(),
    createTopic: async (topic, numPartitions, replicationFactor) => {
      const [anyone = 1] = cluster.ids;
      const topics = [{ topic, numPartitions, replicationFactor }];
      await cluster.ask(anyone, "create-topics", { topics });
    },
    kill: (id) => cluster.kill(id),
    start: (id) => cluster.start(id),
    dataFolder,
    close: async () => {
      await cluster.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Three brokers of our own. */
export function killableCluster(what: string, brokers: Brokers): CompatCluster {
  const probe = new BrokerProbe(brokers.bootstrap);
  const dead = new Set<number>();
  const logFolder = async (topic: string): Promise<string> => {
    const root = brokers.dataFolder(await probe.leaderOf(topic));
    const entries = await readdir(root, { recursive: true });
    const found = entries.find((entry) => entry.endsWith(`${topic}-0`));
    if (found === undefined) throw new Error(`no log of ${topic} in ${root}`);
    return join(root, found);
  };
  return {
    what,
    bootstrap: brokers.bootstrap,
    canKill: true,
    createTopic: async (topic, partitions) => {
      await brokers.createTopic(topic, partitions, REPLICAS);
      await probe.untilLed(topic, partitions);
    },
    latestOffset: (topic) => probe.latestOffset(topic),
    logFolder,
    storedCodec: async (topic) => await firstCodec(await logFolder(topic)),
    killLeader: async (topic) => {
      const leader = await probe.leaderOf(topic);
      dead.add(leader);
      await brokers.kill(leader);
    },
    heal: async (topic) => {
      for (const id of dead) await brokers.start(id);
      dead.clear();
      await probe.untilInSync(topic, REPLICAS);
    },
    close: async () => {
      await probe.close();
      await brokers.close();
    },
  };
}

/** Whatever answers there: nothing is killed, topics get one replica. */
export function foreignCluster(bootstrap: string): CompatCluster {
  const probe = new BrokerProbe(bootstrap);
  const never = (): Promise<never> => Promise.reject(new Error("not ours to kill"));
  return {
    what: bootstrap,
    bootstrap,
    canKill: false,
    createTopic: (topic, partitions) => probe.createTopic(topic, partitions, 1),
    latestOffset: (topic) => probe.latestOffset(topic),
    logFolder: () => Promise.resolve(undefined),
    storedCodec: () => Promise.resolve(undefined),
    killLeader: never,
    heal: never,
    close: () => probe.close(),
  };
}

async function firstCodec(folder: string): Promise<number> {
  const [first] = (await readdir(folder)).filter((file) => file.endsWith(".log")).sort();
  const bytes = await readFile(join(folder, first ?? "no segment"));
  if (bytes.length <= ATTRIBUTES_AT + 1) throw new Error(`nothing is stored in ${folder}`);
  return bytes.readInt16BE(ATTRIBUTES_AT) & CODEC_BITS;
}
