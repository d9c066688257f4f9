import { join } from "node:path";
import { checkHistory, seededRandom, type Verdict } from "@zoolog/testkit";
import { type Stall, stallsOf } from "./availability.ts";
import { ChaosCluster } from "./chaos-cluster.ts";
import { readToTheEnd } from "./final-logs.ts";
import { KafkaWorkload } from "./kafka/kafka-workload.ts";
import type { Load } from "./load.ts";
import { Nemesis, type NemesisEvent, type Recovery } from "./nemesis.ts";
import type { ChaosOptions } from "./options.ts";
import { isWhole } from "./picture.ts";
import { compareReplicas, type ReplicaDifference } from "./replica-logs.ts";
import { Workload } from "./workload.ts";

export type ChaosReport = {
  readonly verdict: Verdict;
  readonly differences: readonly ReplicaDifference[];
  readonly unexpectedExits: readonly string[];
  readonly stalls: readonly Stall[];
  readonly events: readonly NemesisEvent[];
  readonly faultCounts: ReadonlyMap<string, number>;
  readonly recoveries: readonly Recovery[];
  readonly readerErrors: ReadonlyMap<string, number>;
  /** What readers should have been handed out in the end and were not. */
  readonly unread: readonly string[];
  /** Of each Kafka client, where they are the clients. */
  readonly figures: readonly string[];
  /** From the end of the faults until every replica was in sync again, ms. */
  readonly healedAfterMs: number;
  readonly acknowledgedPerSecond: number;
  readonly folder: string;
};

const TOPIC = "chaos";
const WARM_UP_MS = 3_000;
/** As long as a broker's default: what a fault of seconds must survive. */
const SETTINGS = {
  "zookeeper.session.timeout.ms": 6_000,
  "min.insync.replicas": 2,
  "default.replication.factor": 3,
  "replica.lag.time.max.ms": 10_000,
};

/** One run: a cluster under load and faults, healed, read to the end and judged. */
export async function runChaos(options: ChaosOptions, build: string): Promise<ChaosReport> {
  const { partitions, seed, network } = options;
  const settings = { ...SETTINGS, ...options.settings };
  const cluster = await ChaosCluster.start({
    brokers: options.brokers,
    build,
    settings,
    namespaces: network,
  });
  const admin = cluster.client("chaos-admin");
  let load: Load | undefined;
  try {
    await admin.admin.createTopic({ topic: TOPIC, partitions, replicationFactor: 3 });
    load = await loadOf(options, cluster);
    const nemesis = new Nemesis(
      { ...options, topic: TOPIC },
      { cluster, random: seededRandom(seed), isWhole: () => isWhole(cluster.brokers, TOPIC) },
    );
    await load.start();
    const beganAt = performance.now();
    await pause(WARM_UP_MS);
    if (options.faults.length > 0) nemesis.start();
    await pause(options.seconds * 1_000);
    await nemesis.stop();
    const stoppedAt = performance.now();
    await cluster.heal();
    await cluster.until("every replica is in sync", () => isWhole(cluster.brokers, TOPIC));
    const healedAfterMs = performance.now() - stoppedAt;
    await load.stopWriting();
    const seconds = (performance.now() - beganAt) / 1_000;
    const finalLogs = await readToTheEnd(admin, { topic: TOPIC, partitions });
    const unread = await load.stopReading(finalLogs);
    const verdict = checkHistory(load.entries, finalLogs);
    for (const broker of cluster.brokers) await broker.terminate();
    const folders = cluster.brokers.map(({ dataFolder }) => dataFolder);
    return {
      verdict,
      differences: compareReplicas(TOPIC, partitions, folders),
      unexpectedExits: cluster.brokers.flatMap(({ unexpectedExits }) => unexpectedExits),
      stalls: stallsOf(nemesis.events, load.entries),
      events: nemesis.events,
      faultCounts: nemesis.count,
      recoveries: nemesis.recoveries,
      readerErrors: load.readerErrors,
      unread,
      figures: load.figures(),
      healedAfterMs,
      acknowledgedPerSecond: verdict.acknowledged / seconds,
      folder: cluster.folder,
    };
  } finally {
    load?.abandon();
    await admin.close();
    await cluster.close({ keep: options.keep });
  }
}

async function loadOf(options: ChaosOptions, cluster: ChaosCluster): Promise<Load> {
  const { kafkaClients: clients } = options;
  const { folder, kafkaBootstrap: bootstrap } = cluster;
  const load = { ...options, topic: TOPIC };
  return clients.length === 0
    ? new Workload(load, { connect: (clientId) => cluster.client(clientId) })
    : KafkaWorkload.open(load, { clients, bootstrap, folder });
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** The repository that this file stands in. */
export const REPOSITORY = join(import.meta.dirname, "../..");
