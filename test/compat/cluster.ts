import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freeTcpPorts, type NativeAnswer, ProcessCluster } from "@zoolog/testkit";
import { ApacheKafka } from "../kafka/apache-kafka.ts";
import { type KafkaLine, resolveKafkaRelease } from "../kafka/kafka-release.ts";
import { BrokerProbe } from "./broker-probe.ts";
import type { RequestRecorder } from "./request-recorder.ts";

/** What a client is tried against. */
export type CompatCluster = {
  /** What the table calls it. */
  readonly what: string;
  /** `host:port,…` */
  readonly bootstrap: string;
  readonly canKill: boolean;
  readonly createTopic: (topic: string, partitions: number) => Promise<void>;
  readonly latestOffset: (topic: string) => Promise<number>;
  /** Bits 0-2 of the attributes of partition 0's batches; `undefined`: there is no disk to look at. */
  readonly storedCodecs: (topic: string) => Promise<ReadonlySet<number> | undefined>;
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
const LENGTH_AT = 8;
/** A batch's length counts from behind itself. */
const BEFORE_LENGTH = 12;
const ATTRIBUTES_AT = 21;
const CODEC_BITS = 0x07;

/** Three Zoolog brokers with Kafka listeners, as processes; clients come to them by the recorder. */
export async function startZoologBrokers(recorder?: RequestRecorder): Promise<Brokers> {
  const ports = await freeTcpPorts(REPLICAS);
  const advertised = await Promise.all(ports.map((port) => recorder?.standBefore(port) ?? port));
  const folder = await mkdtemp(join(tmpdir(), "zoolog-compat-"));
  const dataFolder = (id: number): string => join(folder, `${id}`);
  const cluster = await ProcessCluster.start({
    settings: (id) => ({
      "data.dir": dataFolder(id),
      "kafka.port": ports[id - 1],
      "kafka.advertised.port": advertised[id - 1],
    }),
  });
  return {
    bootstrap: advertised.map((port) => `127.0.0.1:${port}`).join(),
    createTopic: async (topic, numPartitions, replicationFactor) => {
      const [anyone = 1] = cluster.ids;
      const topics = [{ topic, numPartitions, replicationFactor }];
      await cluster.ask(anyone, "create-topics", { topics });
      // Not every client asks again where a broker has not heard of a new topic yet.
      for (const id of cluster.ids) {
        await cluster.until(id, "describe-topics", { topics: [topic] }, isTopicKnown);
      }
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

function isTopicKnown({ body }: NativeAnswer): boolean {
  type Topics = { readonly topics?: readonly { readonly partitions?: readonly unknown[] }[] };
  return (body as Topics).topics?.[0]?.partitions !== undefined;
}

/** Three brokers of Apache Kafka: is it Zoolog, or is the client like that? */
export async function startApacheBrokers(line: KafkaLine): Promise<Brokers> {
  const resolved = await resolveKafkaRelease(line);
  if (resolved.kind === "unavailable") throw new Error(resolved.reason);
  const kafka = await ApacheKafka.start({ release: resolved.release, brokers: REPLICAS });
  const probe = new BrokerProbe(kafka.bootstrap);
  return {
    bootstrap: kafka.bootstrap,
    createTopic: (topic, partitions, replicas) => probe.createTopic(topic, partitions, replicas),
    kill: (id) => kafka.kill(id),
    start: async (id) => {
      kafka.startBroker(id);
      await kafka.untilServing(id);
    },
    dataFolder: (id) => kafka.dataFolder(id),
    close: async () => {
      await probe.close();
      await kafka.close();
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
    storedCodecs: async (topic) => await codecsIn(await logFolder(topic)),
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
    storedCodecs: () => Promise.resolve(undefined),
    killLeader: never,
    heal: never,
    close: () => probe.close(),
  };
}

/** Clients leave a batch as it is where its codec makes it no smaller. */
async function codecsIn(folder: string): Promise<ReadonlySet<number>> {
  const codecs = new Set<number>();
  for (const file of (await readdir(folder)).filter((name) => name.endsWith(".log"))) {
    const bytes = await readFile(join(folder, file));
    let at = 0;
    while (at + ATTRIBUTES_AT + 2 <= bytes.length) {
      codecs.add(bytes.readInt16BE(at + ATTRIBUTES_AT) & CODEC_BITS);
      at += BEFORE_LENGTH + bytes.readInt32BE(at + LENGTH_AT);
    }
  }
  return codecs;
}
