import { createHash } from "node:crypto";
import { type Client, serde, topic } from "@zoolog/client";
import {
  checkGroupHistory,
  type GroupEntry,
  type GroupFinalLog,
  type GroupVerdict,
} from "@zoolog/testkit";
import { ChaosCluster } from "../chaos-cluster.ts";
import { checkBesides, checkResets, type ScriptedCheck } from "./group-checks.ts";
import { GroupCrew } from "./group-crew.ts";
import { type Figure, figuresOf, playEpisodes } from "./group-figures.ts";
import { type GroupEvent, GroupNemesis } from "./group-nemesis.ts";
import type { GroupOptions } from "./group-options.ts";
import { writeLines } from "./line-writer.ts";
import { readLines } from "./lines.ts";
import { machineMs } from "./machine-clock.ts";
import { OffsetWatch } from "./offset-watch.ts";

export type GroupReport = {
  readonly verdict: GroupVerdict;
  /** Lines of the text that are not in the topic, or are there twice. */
  readonly linesWrong: number;
  readonly lines: number;
  readonly source: string;
  readonly unexpectedExits: readonly string[];
  readonly checks: readonly ScriptedCheck[];
  readonly figures: readonly Figure[];
  readonly events: readonly GroupEvent[];
  readonly faultCounts: ReadonlyMap<string, number>;
  /** Epochs or generations that ZooKeeper showed. */
  readonly epochs: number;
  readonly members: number;
  /** From the end of the faults until everything was committed, ms. */
  readonly drainedAfterMs: number;
  readonly folder: string;
};

const TOPIC = "lines";
const GROUP = "readers";
const SESSION_MS = 6_000;
const HEARTBEAT_MS = 1_000;
const SETTINGS = {
  "zookeeper.session.timeout.ms": 6_000,
  "min.insync.replicas": 2,
  "default.replication.factor": 3,
  "group.consumer.session.timeout.ms": SESSION_MS,
  "group.consumer.heartbeat.interval.ms": HEARTBEAT_MS,
  "group.initial.rebalance.delay.ms": 500,
};
/** What playing the episodes takes, about. */
const FIGURES_MS = 40_000;
/** Of all lines, what is there before the group is, so that nobody waits for the writer. */
const FIRST_LINES = 0.3;
const FIRST_MS = 2_000;
/** Members are done with the text when this part of the run is over. */
const PACE_SHARE = 0.85;
/** Two sessions and two rebalances take less. */
const SETTLE_MS_MAX = 30_000;
const SETTLE_LOOK_MS = 100;

/** One run: a group under faults reads a text to its end, and is judged. */
export async function runGroup(options: GroupOptions, build: string): Promise<GroupReport> {
  const { partitions } = options;
  const cluster = await ChaosCluster.start({
    brokers: 3,
    build,
    settings: SETTINGS,
    namespaces: false,
  });
  const admin = cluster.client("chaos-admin");
  const totalMs = options.seconds * 1_000 + (options.figures ? FIGURES_MS : 0);
  const crew = new GroupCrew(
    {
      build,
      brokers: cluster.brokers.map(({ url }) => url),
      group: GROUP,
      topic: TOPIC,
      protocol: options.protocol,
      read: options.read,
      sessionTimeoutMs: SESSION_MS,
      heartbeatIntervalMs: HEARTBEAT_MS,
      paceMs: (totalMs * PACE_SHARE * partitions) / options.lines,
    },
    { folder: cluster.folder },
  );
  const watch = new OffsetWatch({
    connectString: `${cluster.ensemble.connectString}/zoolog`,
    group: GROUP,
    topic: TOPIC,
    partitions,
  });
  try {
    await admin.admin.createTopic({ topic: TOPIC, partitions, replicationFactor: 3 });
    return await new GroupRun(
      { ...options, build, totalMs },
      { cluster, admin, crew, watch },
    ).run();
  } finally {
    await crew.kill();
    await watch.stop();
    await admin.close();
    await cluster.close({ keep: options.keep });
  }
}

class GroupRun {
  readonly #options: GroupOptions & { readonly build: string; readonly totalMs: number };
  readonly #cluster: ChaosCluster;
  readonly #admin: Client;
  readonly #crew: GroupCrew;
  readonly #watch: OffsetWatch;

  constructor(
    options: GroupOptions & { readonly build: string; readonly totalMs: number },
    parts: {
      readonly cluster: ChaosCluster;
      readonly admin: Client;
      readonly crew: GroupCrew;
      readonly watch: OffsetWatch;
    },
  ) {
    this.#options = options;
    this.#cluster = parts.cluster;
    this.#admin = parts.admin;
    this.#crew = parts.crew;
    this.#watch = parts.watch;
  }

  async run(): Promise<GroupReport> {
    const { members, partitions, seconds, totalMs } = this.#options;
    const [cluster, crew] = [this.#cluster, this.#crew];
    const { lines, source } = readLines(this.#options.lines);
    const first = Math.floor(lines.length * FIRST_LINES);
    const writing = { topic: TOPIC, partitions };
    const client = { client: this.#admin };
    await writeLines(lines.slice(0, first), { ...writing, overMs: FIRST_MS }, client);
    const written = writeLines(lines.slice(first), { ...writing, overMs: totalMs * 0.5 }, client);
    written.catch(() => {});
    this.#watch.start();
    for (let member = 0; member < members; member++) crew.add();
    await cluster.until("every partition is consumed", () => this.#isConsuming());
    const atFirst = await this.#settles();

    const context = {
      group: GROUP,
      cluster,
      crew,
      admin: this.#admin,
      members: { min: Math.max(1, members - 2), max: members * 2 },
      sessionTimeoutMs: SESSION_MS,
    };
    const nemesis = new GroupNemesis(context);
    const note = (what: string): void => nemesis.note(what);
    const episodes = this.#options.figures ? await playEpisodes({ ...context, note }) : [];
    nemesis.start(this.#options);
    await pause(seconds * 1_000);
    await nemesis.stop();
    const stoppedAt = machineMs();
    await cluster.heal();
    await written;
    crew.hurry();
    await cluster.until("everything is committed", () => this.#isDrained(lines.length));
    const drainedAfterMs = machineMs() - stoppedAt;

    // Sessions of members that were killed end, and those that came late have their share.
    const settled = [await this.#settles(), atFirst];
    const besides = await checkBesides(this.#checks(lines.length));
    const records = await readToTheEnd(this.#admin, partitions);
    const count = records.reduce((sum, { hashes }) => sum + hashes.length, 0);
    await cluster.until("everything is committed", () => this.#isDrained(count));
    const epochs = this.#watch.epochs.size;
    await crew.leave();
    const entries = [...crew.entries(), ...this.#watch.entries];
    const resets = await checkResets(this.#checks(count));
    const { broken } = exits(cluster, crew);
    return {
      verdict: checkGroupHistory(entries, records),
      linesWrong: wrongLines(lines, records),
      lines: lines.length,
      source,
      unexpectedExits: broken,
      checks: [...settled, ...besides, ...resets],
      figures: figuresOf(episodes, entries),
      events: nemesis.events,
      faultCounts: nemesis.count,
      epochs,
      members: new Set(entries.flatMap((entry) => memberOf(entry))).size,
      drainedAfterMs,
      folder: cluster.folder,
    };
  }

  /** Something is committed of each partition beyond its start. */
  async #isConsuming(): Promise<boolean> {
    this.#throwWhenEnded();
    const { committed } = this.#watch;
    const begun = [...committed.values()].filter((offset) => offset > 0);
    return begun.length === this.#options.partitions;
  }

  /** Every member has all that it is to have, in time. */
  async #settles(): Promise<ScriptedCheck> {
    const what = "the group settles";
    const giveUpAt = machineMs() + SETTLE_MS_MAX;
    while (machineMs() < giveUpAt) {
      const { members, state } = await this.#admin.admin.groups.describe(GROUP);
      const wanted = this.#crew.members.length;
      if (state === "stable" && members.length === wanted) return { what, fault: undefined };
      await pause(SETTLE_LOOK_MS);
    }
    return { what, fault: `not in ${SETTLE_MS_MAX} ms` };
  }

  async #isDrained(lines: number): Promise<boolean> {
    this.#throwWhenEnded();
    if (!(await this.#watch.lookNow())) return false;
    const committed = [...this.#watch.committed.values()].reduce((sum, offset) => sum + offset, 0);
    return committed >= lines;
  }

  #throwWhenEnded(): void {
    const { broken } = exits(this.#cluster, this.#crew);
    if (broken.length > 0) throw new Error(broken.join("\n"));
  }

  #checks(lines: number) {
    const { build, partitions, protocol } = this.#options;
    const [cluster, admin, crew] = [this.#cluster, this.#admin, this.#crew];
    return { cluster, admin, crew, build, group: GROUP, topic: TOPIC, partitions, lines, protocol };
  }
}

function exits(cluster: ChaosCluster, crew: GroupCrew): { readonly broken: readonly string[] } {
  const brokers = cluster.brokers.flatMap(({ unexpectedExits }) => unexpectedExits);
  return { broken: [...brokers, ...crew.unexpectedExits] };
}

function memberOf(entry: GroupEntry): string | [] {
  return "member" in entry ? entry.member : [];
}

function wrongLines(lines: readonly string[], logs: readonly GroupFinalLog[]): number {
  const found = new Map<string, number>();
  for (const { hashes } of logs) {
    for (const hash of hashes) found.set(hash, (found.get(hash) ?? 0) + 1);
  }
  return lines.filter((line) => found.get(hashOf(line)) !== 1).length;
}

async function readToTheEnd(client: Client, partitions: number): Promise<readonly GroupFinalLog[]> {
  const logs = Array.from({ length: partitions }, (): string[] => []);
  const records = topic(TOPIC, { value: serde.string() });
  for await (const batch of client.reader(records, { from: "start" }).batches()) {
    for (const { offset, value } of batch) {
      const log = logs[batch.partition];
      if (log !== undefined) log[offset] = hashOf(value ?? "");
    }
  }
  return logs.map((hashes, partition) => ({ partition, hashes }));
}

function hashOf(line: string): string {
  return createHash("sha256").update(line).digest("hex").slice(0, 16);
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
