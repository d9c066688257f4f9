import type { Logger } from "@zoolog/base";
import type { Client } from "@zoolog/client";
import { Nemesis, type NemesisOptions } from "../faults/nemesis.ts";
import { noteCommits } from "../invariants/commit-watch.ts";
import { historyInvariants } from "../invariants/history-invariants.ts";
import type { Invariant } from "../invariants/invariant.ts";
import { WorldInvariants } from "../invariants/world-invariants.ts";
import { judgesLeases, mayLose } from "../scenarios/scenarios.ts";
import type { Trace } from "../schedule/trace.ts";
import type { Workload, WorkloadParts } from "../workloads/workload.ts";
import { makeWorkloads } from "../workloads/workloads.ts";
import { topicsOf } from "../workloads/world-plan.ts";
import { whenBrokersAreKnown, whenKnown } from "../world/known-topics.ts";
import { World } from "../world/world.ts";
import { WorldHistory } from "../world/world-history.ts";
import { WorldTopics } from "../world/world-topics.ts";
import { readFinalLogs } from "./final-logs.ts";
import type { SimulationOptions } from "./simulation-options.ts";
import { plainCounts, type SimulationReport } from "./simulation-report.ts";
import { watchViolations } from "./violation-watch.ts";
import { acceptLosses, probe, whole } from "./wholeness.ts";

const REPLICATION_FACTOR = 3;

/** What was under way may wait for its own time limits, virtual ms. */
const DRAIN_MS_MAX = 180_000;

/** In which what has arrived last is written and replicated, virtual ms. */
const REST_MS = 1_000;

/** Broken by losses, and by nothing but losses where they are expected. */
const OF_LOSSES: readonly string[] = ["I1", "I2", "I3", "I5", "I7", "I10", "I11"];

/** One seed from an empty world to its verdict: open, disturb, heal, settle, judge. */
export class Simulation {
  readonly #options: SimulationOptions;
  readonly #world: World;
  readonly #parts: WorkloadParts;
  readonly #notes: string[] = [];
  readonly #complaints: string[] = [];
  readonly #nemesis: Nemesis;
  readonly #invariants: WorldInvariants;
  readonly #admin: Client;
  #workloads: readonly Workload[] = [];

  constructor(
    options: SimulationOptions,
    dependencies: { readonly logger?: Logger; readonly trace?: Trace } = {},
  ) {
    this.#options = options;
    const { logger, trace } = dependencies;
    const { brokers, diskTimes, seed, settings, zookeepers } = options;
    const world = new World({
      ...{ seed, brokers, zookeepers, settings, diskTimes },
      ...(logger === undefined ? {} : { logger }),
      ...(trace === undefined ? {} : { trace }),
    });
    this.#world = world;
    this.#nemesis = new Nemesis(nemesisOptionsOf(options), {
      world,
      note: (what) => this.#note(what),
    });
    const topics = new WorldTopics();
    const history = new WorldHistory({ topics });
    const complain = (what: string): void => void this.#complaints.push(what);
    this.#parts = { world, history, topics, complain };
    this.#admin = world.client("admin").client;
    noteCommits(world, { history, topics });
    this.#invariants = new WorldInvariants(world);
    watchViolations(this.#invariants.all, world);
  }

  async run(): Promise<SimulationReport> {
    await this.#open();
    await this.#disturb();
    await this.#heal();
    await this.#settle();
    const report = this.#judge();
    this.#world.close();
    return report;
  }

  async #open(): Promise<void> {
    const { hosts } = this.#world;
    await this.#world.outcome(Promise.all(hosts.map((host) => host.start())));
    await this.#world.outcome(whenBrokersAreKnown(this.#world));
    await this.#world.outcome(this.#createTopics());
    this.#workloads = makeWorkloads(this.#options, this.#parts);
    for (const workload of this.#workloads) workload.start();
  }

  async #createTopics(): Promise<void> {
    for (const plan of topicsOf(this.#options)) {
      const { configs, name, partitions } = plan;
      const asked = { topic: name, partitions, replicationFactor: REPLICATION_FACTOR, configs };
      const { topicId = "" } = await this.#admin.admin.createTopic(asked);
      const life = this.#parts.topics.add({
        ...{ ...plan, topicId, isLasting: true, partitionsMax: partitions },
        ...{ knownAt: undefined, deletedAt: undefined },
      });
      await whenKnown(this.#world, life);
    }
  }

  async #disturb(): Promise<void> {
    const world = this.#world;
    const { seconds } = this.#options;
    const nemesis = this.#nemesis;
    nemesis.start();
    await world.schedule.run({ atMs: world.schedule.nowMs + seconds * 1_000 });
    await this.#within(DRAIN_MS_MAX, "the last fault ends", nemesis.stop());
  }

  /** All causes of trouble are gone; what they have left must be overcome in time. */
  async #heal(): Promise<void> {
    this.#note("heals");
    const lives = () => this.#parts.topics.living;
    const world = this.#world;
    let isDone = false;
    const isWhole = whole(this.#admin, { lives, world }).finally(() => {
      isDone = true;
    });
    if (mayLose(this.#options)) {
      const { client } = world.client("operator");
      void acceptLosses(client, { world, isDone: () => isDone });
    }
    const { recoveryMsMax } = this.#options;
    const what = "all partitions are led, with full ISRs";
    const isInTime = await this.#within(recoveryMsMax, what, isWhole);
    this.#note(isInTime ? "is whole" : "is not whole");
    await this.#each("clients come to rest", (workload) => workload.calm?.());
    // What they did at last, too: partitions added, a topic made anew.
    const isWholeAgain = whole(this.#admin, { lives, world });
    await this.#within(recoveryMsMax, "all brokers know all partitions", isWholeAgain);
    const probed = probe(this.#admin, { lives: lives(), parts: this.#parts });
    await this.#within(DRAIN_MS_MAX, "every partition takes a record", probed);
  }

  async #settle(): Promise<void> {
    await this.#each("producers end", (workload) => workload.endWriting?.());
    await this.#arriveAll();
    await this.#within(DRAIN_MS_MAX, "the final logs can be read", this.#readFinalLogs());
    await this.#each("the group has committed everything", (workload) => workload.drain?.());
    await this.#each("clients end", (workload) => workload.stop());
    await this.#admin.close();
    await this.#world.schedule.run({ atMs: this.#world.schedule.nowMs + this.#sessionMs });
    await this.#invariants.atEnd();
  }

  /** A message of a slow way may come when its sender has long given it up, and is written then. */
  async #arriveAll(): Promise<void> {
    const { network, schedule } = this.#world;
    const atMs = Math.max(network.lastArrivalMs, schedule.nowMs) + REST_MS;
    await schedule.run({ atMs });
  }

  /** In which sessions of brokers that were killed have ended, ms. */
  get #sessionMs(): number {
    return Number(this.#options.settings["zookeeper.session.timeout.ms"] ?? 6_000) + 2_000;
  }

  async #readFinalLogs(): Promise<void> {
    const { history, topics } = this.#parts;
    // One that knows nothing of before: partitions may have been added since others have looked.
    const { client } = this.#world.client("reader of final logs");
    const logs = await Promise.all(topics.living.map((life) => readFinalLogs(client, life)));
    history.finalLogs = logs.flat();
    await client.close();
  }

  #judge(): SimulationReport {
    const { history, topics } = this.#parts;
    const { schedule, trace } = this.#world;
    const { all: seen, lateAcknowledgements } = this.#invariants;
    if (judgesLeases(this.#options)) {
      lateAcknowledgements.judge(history.sends, history.finalLogs);
    }
    const all = [...historyInvariants(history, topics), ...seen, this.#complained()];
    const found = all.flatMap(({ name, violations }) =>
      violations.map((what) => ({ invariant: name, what })),
    );
    const losesByRight = mayLose(this.#options);
    const isExpected = ({ invariant }: { readonly invariant: string }): boolean =>
      losesByRight && OF_LOSSES.includes(invariant);
    const processed = history.readings.flatMap(({ entries }) =>
      entries.filter(({ f }) => f === "processed"),
    );
    return {
      options: this.#options,
      events: trace.count,
      virtualMs: schedule.nowMs,
      hash: trace.hash,
      sends: history.sends.length,
      acknowledged: history.sends.filter(({ outcome }) => outcome === "ok").length,
      processed: processed.length,
      replicaComparisons: this.#invariants.comparisons,
      notes: this.#notes,
      coverage: this.#nemesis.coverage,
      violations: found.filter((violation) => !isExpected(violation)),
      expectedLosses: found.filter(isExpected),
      plain: plainCounts(history, topics),
    };
  }

  /** Clients that had to give up. */
  #complained(): Invariant {
    return { name: "I12", about: "nobody ends but in order", violations: this.#complaints };
  }

  async #each(
    what: string,
    task: (workload: Workload) => Promise<void> | undefined,
  ): Promise<void> {
    await this.#within(DRAIN_MS_MAX, what, Promise.all(this.#workloads.map(task)));
  }

  /** What does not come to its end in time is a violation, and the run goes on. @returns if it came. */
  async #within(ms: number, what: string, task: Promise<unknown>): Promise<boolean> {
    try {
      await this.#world.outcome(task, ms);
      return true;
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      this.#invariants.liveness.stuck(`${what}: ${why}`);
      return false;
    }
  }

  #note(what: string): void {
    this.#world.trace.tell("nemesis", "fault", what);
    this.#notes.push(`${Math.round(this.#world.schedule.nowMs)} ${what}`);
  }
}

function nemesisOptionsOf(options: SimulationOptions): NemesisOptions {
  const { faults, faultsAtOnce, meanRestMs, settings, skippedFaults } = options;
  const flush = settings["log.flush"] === "fsync" ? "fsync" : "os";
  return {
    ...{ faults, meanRestMs, atOnceMax: faultsAtOnce, skipped: skippedFaults },
    tolerance: { flush, mayLose: mayLose(options) },
  };
}
