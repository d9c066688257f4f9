import type { Random } from "@zoolog/base";
import type { Client } from "@zoolog/client";
import { type AnomalyKind, checkHistory, seededRandom } from "@zoolog/testkit";
import { quantile, stallsOf } from "../availability.ts";
import type { ChaosBroker } from "../chaos-broker.ts";
import { ChaosCluster, type Ground } from "../chaos-cluster.ts";
import { REPOSITORY } from "../chaos-run.ts";
import { readToTheEnd } from "../final-logs.ts";
import type { NemesisEvent } from "../nemesis.ts";
import { isWhole } from "../picture.ts";
import { compareReplicas } from "../replica-logs.ts";
import { type Target, Targets } from "../targets.ts";
import { Workload } from "../workload.ts";
import { AuthorityWatch } from "./authority-watch.ts";
import type { RowRequest } from "./row.ts";
import type { RowRecord } from "./row-record.ts";

export const TOPIC = "rows";
export const SESSION_MS = 2_000;
/** An unavailability is a session, ZooKeeper's look at its sessions, and a second of work. */
export const UNAVAILABLE_MS_MAX = SESSION_MS + 500 + 1_000;
/** From the end of a fault until every replica is in sync, when nothing else is expected. */
export const HEALED_MS_MAX = 15_000;

const SETTINGS = {
  "zookeeper.session.timeout.ms": SESSION_MS,
  "default.replication.factor": 3,
  "min.insync.replicas": 2,
  "replica.lag.time.max.ms": 10_000,
  "log.flush": "fsync",
};
const WRITERS = 4;
const READERS = 2;
const VALUE_BYTES = 256;
const WARM_UP_MS = 3_000;
/** Anomalies of each kind that are told in words; all are counted. */
const TOLD_MAX = 5;
/** Values are long, and their beginning names them. */
const TOLD_CHARACTERS_MAX = 80;

/** What an election that was allowed to lose records may do. */
const LOSSES: readonly AnomalyKind[] = [
  "lost-write",
  "unseen",
  "vanished-read",
  "inconsistent-offset",
  // Read, lost, and sent once more by who was not told that it had been written.
  "duplicate",
];

export type ClusterRowPlan = {
  readonly brokers?: 3 | 5;
  readonly partitions?: number;
  readonly namespaces?: boolean;
  readonly settings?: Readonly<Record<string, string | number>>;
  readonly ground?: Ground;
  /** Lost records are a figure. Default: they are violations. */
  readonly mayLose?: true;
  readonly play: (play: Play) => Promise<void>;
};

/** What a row does its faults with, while the cluster is under load. */
export type Play = {
  readonly cluster: ChaosCluster;
  readonly admin: Client;
  readonly random: Random;
  readonly partitions: number;
  readonly seconds: number;
  readonly times: number;
  readonly seed: number;
  readonly record: RowRecord;
  readonly load: Workload;
  readonly targets: Targets;
  /** When something was done; with the target when that stopped serving then. */
  readonly note: (what: string, target?: Target) => void;
  readonly events: readonly NemesisEvent[];
  readonly wait: (ms: number) => Promise<void>;
  /** Of each broker; another one after its session was lost. */
  readonly brokerEpochs: () => Promise<readonly number[]>;
  /** Resolves when every replica is in sync, with how long that took, ms. */
  readonly whole: () => Promise<number>;
};

/** A row on a cluster under load: started, played, healed, read to the end and judged. */
export async function runClusterRow(plan: ClusterRowPlan, request: RowRequest): Promise<void> {
  const cluster = await ChaosCluster.start({
    brokers: plan.brokers ?? 3,
    build: REPOSITORY,
    settings: { ...SETTINGS, ...plan.settings, ...request.settings },
    namespaces: plan.namespaces ?? false,
    ...(plan.ground === undefined ? {} : { ground: plan.ground }),
  });
  const run = new ClusterRowRun(plan, request, cluster);
  try {
    await run.run();
  } finally {
    await run.close();
    if (request.keep) request.record.remark(`data and logs: ${cluster.folder}`);
    await cluster.close({ keep: request.keep });
  }
}

class ClusterRowRun {
  readonly #plan: ClusterRowPlan;
  readonly #request: RowRequest;
  readonly #cluster: ChaosCluster;
  readonly #admin: Client;
  readonly #load: Workload;
  readonly #targets: Targets;
  readonly #watch: AuthorityWatch;
  readonly #events: NemesisEvent[] = [];
  readonly #random: Random;

  constructor(plan: ClusterRowPlan, request: RowRequest, cluster: ChaosCluster) {
    this.#plan = plan;
    this.#request = request;
    this.#cluster = cluster;
    this.#random = seededRandom(request.seed);
    this.#admin = cluster.client("chaos-admin");
    this.#targets = new Targets({ topic: TOPIC }, { cluster, random: this.#random });
    this.#watch = new AuthorityWatch({
      connectString: `${cluster.ensemble.connectString}/zoolog`,
      topic: TOPIC,
      partitions: this.#partitions,
    });
    this.#load = new Workload(
      {
        topic: TOPIC,
        partitions: this.#partitions,
        writers: WRITERS,
        readers: READERS,
        recordsPerSecond: request.recordsPerSecond,
        valueBytes: VALUE_BYTES,
      },
      { connect: (clientId) => cluster.client(clientId) },
    );
  }

  async run(): Promise<void> {
    const replicas = Number(this.#plan.settings?.["default.replication.factor"] ?? 3);
    const partitions = this.#partitions;
    await this.#admin.admin.createTopic({ topic: TOPIC, partitions, replicationFactor: replicas });
    await this.#load.start();
    this.#watch.start();
    await pause(WARM_UP_MS);
    await this.#plan.play(this.#play());
    const healedAfterMs = await this.#heal();
    await this.#load.stop();
    await this.#watch.stop();
    await this.#judge(healedAfterMs);
  }

  async close(): Promise<void> {
    this.#load.abandon();
    await this.#watch.stop();
    await this.#targets.close();
    await this.#admin.close();
  }

  get #partitions(): number {
    return this.#plan.partitions ?? 12;
  }

  #play(): Play {
    const { seconds, times, seed, record } = this.#request;
    return {
      ...{ seconds, times, seed, record },
      cluster: this.#cluster,
      admin: this.#admin,
      random: this.#random,
      partitions: this.#partitions,
      load: this.#load,
      targets: this.#targets,
      events: this.#events,
      note: (what, target) => {
        const { broker, led = [] } = target ?? {};
        this.#events.push({ at: performance.now(), what, broker: broker?.brokerId, led });
      },
      wait: pause,
      brokerEpochs: () =>
        this.#watch.brokerEpochs(this.#cluster.brokers.map(({ brokerId }) => brokerId)),
      whole: () => this.#whole(),
    };
  }

  async #heal(): Promise<number> {
    const at = performance.now();
    await this.#cluster.heal();
    await this.#whole();
    return performance.now() - at;
  }

  async #whole(): Promise<number> {
    const at = performance.now();
    await this.#cluster.until("every replica is in sync", () => {
      const ended = this.#cluster.brokers.flatMap(({ unexpectedExits }) => unexpectedExits);
      if (ended.length > 0) throw new Error(ended.join("\n"));
      return isWhole(this.#cluster.brokers, TOPIC);
    });
    return performance.now() - at;
  }

  async #judge(healedAfterMs: number): Promise<void> {
    const { record } = this.#request;
    const logs = await readToTheEnd(this.#admin, { topic: TOPIC, partitions: this.#partitions });
    const { brokers } = this.#cluster;
    for (const broker of brokers) await broker.terminate();
    const verdict = checkHistory(this.#load.entries, logs);
    for (const [kind, count] of verdict.countByKind) {
      const isLoss = this.#plan.mayLose === true && LOSSES.includes(kind);
      if (isLoss) record.figure({ what: `${kind}, as was allowed`, value: count, unit: "records" });
      else this.#tell(kind, count, verdict.anomalies);
    }
    for (const { key, records } of logs) {
      const again = records.length - new Set(records.map(([, value]) => value)).size;
      if (again > 0) record.violation(`${again} records are twice in partition ${key}`);
    }
    const folders = brokers.map(({ dataFolder }) => dataFolder);
    for (const { partition, what } of compareReplicas(TOPIC, this.#partitions, folders)) {
      record.violation(`replicas of partition ${partition} differ: ${what}`);
    }
    for (const exit of brokers.flatMap((broker) => broker.unexpectedExits)) record.violation(exit);
    for (const what of this.#watch.violations) record.violation(what);
    const { acknowledged, unknown, failed, read } = verdict;
    record.remark(
      `${acknowledged} acknowledged, ${unknown} of unknown fate, ${failed} failed, ${read} read; ` +
        `${this.#watch.looks} looks at the epochs in ZooKeeper`,
    );
    const errors = [...this.#load.readerErrors].map(([code, count]) => `${code} × ${count}`);
    if (errors.length > 0) record.remark(`readers began anew after ${errors.join(", ")}`);
    this.#latencies();
    this.#stalls();
    record.figure({
      what: "every replica in sync after the end",
      value: healedAfterMs,
      unit: "ms",
      atMost: HEALED_MS_MAX,
    });
  }

  #tell(
    kind: AnomalyKind,
    count: number,
    anomalies: readonly { readonly kind: AnomalyKind; readonly key: string; what: string }[],
  ): void {
    const { record } = this.#request;
    const of = anomalies.filter((anomaly) => anomaly.kind === kind).slice(0, TOLD_MAX);
    for (const { key, what } of of) {
      record.violation(`${kind} in partition ${key}: ${what.slice(0, TOLD_CHARACTERS_MAX)}`);
    }
    if (count > of.length) record.violation(`${kind} × ${count} in all`);
  }

  #latencies(): void {
    const tookMs = this.#load.entries.flatMap((entry) =>
      entry.f === "send" && entry.outcome === "ok" ? [entry.settledAt - entry.sentAt] : [],
    );
    const value = quantile(tookMs, 0.99);
    this.#request.record.figure({ what: "acknowledged after, p99", value, unit: "ms" });
  }

  /** The longest silences are told one by one: who looks for their cause needs to know when. */
  #stalls(): void {
    const stalls = stallsOf(this.#events, this.#load.entries);
    for (const { what, perPartition, longest } of stalls) {
      const worst = Math.max(...perPartition);
      this.#request.record.remark(
        `${what}: ${perPartition.length} partitions, silent for up to ${Math.round(worst)} ms (${longest})`,
      );
    }
  }
}

/** The longest silence of any partition after what was noted with a target. */
export function worstStalls(play: Play, about: (what: string) => boolean): readonly number[] {
  const events = play.events.filter(({ what }) => about(what));
  return stallsOf(events, play.load.entries).flatMap(({ perPartition }) => perPartition);
}

/** Time goes on, and the next one begins, until the row's time is over; the first always does. */
export async function untilTimeIsOver(
  play: Play,
  round: (index: number) => Promise<void>,
): Promise<void> {
  const endsAt = performance.now() + play.seconds * 1_000;
  for (let index = 0; index === 0 || performance.now() < endsAt; index++) await round(index);
}

/** Makes a broker lead all that it has a replica of, with nothing of it in memory. */
export async function makeLead(play: Play, broker: ChaosBroker): Promise<void> {
  const { cluster, targets } = play;
  const others = cluster.brokers.filter((other) => other !== broker);
  for (const other of others) await other.kill();
  await cluster.until(`broker ${broker.brokerId} leads everything`, async () => {
    const { led } = await targets.of(broker);
    return led.length === play.partitions;
  });
  for (const other of others) other.start();
  await play.whole();
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
