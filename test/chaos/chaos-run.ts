import { join } from "node:path";
import { checkHistory, seededRandom, type Verdict } from "@zoolog/testkit";
import { type Stall, stallsOf } from "./availability.ts";
import { ChaosCluster } from "./chaos-cluster.ts";
import { readToTheEnd } from "./final-logs.ts";
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
  try {
    await admin.admin.createTopic({ topic: TOPIC, partitions, replicationFactor: 3 });
    const load = new Workload(
      { ...options, topic: TOPIC },
      { connect: (clientId) => cluster.client(clientId) },
    );
    const nemesis = new Nemesis(
      { ...options, topic: TOPIC },
      { cluster, random: seededRandom(seed), isWhole: () => isWhole(cluster.brokers, TOPIC) },
    );
    load.start();
    const beganAt = performance.now();
    await pause(WARM_UP_MS);
    if (options.faults.length > 0) nemesis.start();
    await pause(options.seconds * 1_000);
    await nemesis.stop();
    const stoppedAt = performance.now();
    await cluster.heal();
    await cluster.until("every replica is in sync", () => isWhole(cluster.brokers, TOPIC));
    const healedAfterMs = performance.now() - stoppedAt;
    await load.stop();
    const seconds = (performance.now() - beganAt) / 1_000;
    const verdict = checkHistory(
      load.entries,
      await readToTheEnd(admin, { topic: TOPIC, partitions }),
    );
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
      healedAfterMs,
      acknowledgedPerSecond: verdict.acknowledged / seconds,
      folder: cluster.folder,
    };
  } finally {
    await admin.close();
    await cluster.close({ keep: options.keep });
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** The repository that this file stands in. */
export const REPOSITORY = join(import.meta.dirname, "../..");
