import type { Logger } from "@zoolog/base";
import { type Client, serde, topic } from "@zoolog/client";
import type { FinalLog } from "../../history/history.ts";
import { Nemesis } from "../faults/nemesis.ts";
import { noteCommits } from "../invariants/commit-watch.ts";
import { historyInvariants } from "../invariants/history-invariants.ts";
import type { Violation } from "../invariants/invariant.ts";
import { WorldInvariants } from "../invariants/world-invariants.ts";
import type { Trace } from "../schedule/trace.ts";
import { FollowingReaders } from "../workloads/following-readers.ts";
import { GroupConsumers } from "../workloads/group-consumers.ts";
import { IdempotentProducers } from "../workloads/idempotent-producers.ts";
import { World } from "../world/world.ts";
import { WorldHistory } from "../world/world-history.ts";
import type { SimulationOptions } from "./simulation-options.ts";

const TOPIC = "t";
const REPLICATION_FACTOR = 3;

/** Within which a healed cluster must be whole again, and clients have ended, virtual ms. */
const RECOVERY_MS_MAX = 90_000;
const DRAIN_MS_MAX = 180_000;
const LOOK_MS = 100;

export type SimulationReport = {
  readonly options: SimulationOptions;
  readonly events: number;
  readonly virtualMs: number;
  readonly hash: string;
  readonly sends: number;
  readonly acknowledged: number;
  readonly processed: number;
  readonly replicaComparisons: number;
  readonly notes: readonly string[];
  /** Which faults began in which states of the cluster: `<fault> × <state>`. */
  readonly coverage: readonly string[];
  readonly violations: readonly Violation[];
};

/** One seed from an empty world to its verdict. */
export class Simulation {
  readonly #options: SimulationOptions;
  readonly #world: World;
  readonly #history = new WorldHistory();
  readonly #notes: string[] = [];
  readonly #nemesis: Nemesis;
  readonly #invariants: WorldInvariants;

  constructor(
    options: SimulationOptions,
    dependencies: { readonly logger?: Logger; readonly trace?: Trace } = {},
  ) {
    this.#options = options;
    const { logger, trace } = dependencies;
    const settings = { "min.insync.replicas": 2 };
    const world = new World({
      seed: options.seed,
      brokers: options.brokers,
      settings,
      ...(logger === undefined ? {} : { logger }),
      ...(trace === undefined ? {} : { trace }),
    });
    this.#world = world;
    this.#nemesis = this.#makeNemesis();
    noteCommits(world, this.#history.groupEntries);
    this.#invariants = new WorldInvariants(world);
  }

  async run(): Promise<SimulationReport> {
    const world = this.#world;
    const { client: admin, process: observer } = world.client("admin");
    await world.outcome(Promise.all(world.hosts.map((host) => host.start())));
    await world.outcome(admin.admin.createTopic(this.#topicPlan));
    const workloads = this.#workloads();
    const nemesis = this.#nemesis;
    for (const workload of Object.values(workloads)) workload.start();
    nemesis.start();
    await world.schedule.run({ atMs: world.schedule.nowMs + this.#options.seconds * 1_000 });
    await this.#within(DRAIN_MS_MAX, "the last fault ends", nemesis.stop());
    this.#note("heals");
    const whole = this.#whole(admin, (ms) => observer.sleep(ms));
    await this.#within(RECOVERY_MS_MAX, "all partitions are led, with full ISRs", whole);
    this.#note("is whole");
    await this.#within(DRAIN_MS_MAX, "producers end", workloads.producers.stop());
    await this.#within(RECOVERY_MS_MAX, "the final logs can be read", this.#readFinal(admin));
    const ends = new Map(
      this.#history.finalLogs.map(({ key, records }) => [Number(key), records.length]),
    );
    const drained = workloads.group.drained(admin, ends);
    await this.#within(DRAIN_MS_MAX, "the group has committed everything", drained);
    await this.#within(RECOVERY_MS_MAX, "readers end", workloads.readers.stop());
    await this.#within(RECOVERY_MS_MAX, "members end", workloads.group.stop());
    await admin.close();
    await this.#invariants.atEnd();
    return this.#report();
  }

  get #topicPlan() {
    const { partitions } = this.#options;
    return { topic: TOPIC, partitions, replicationFactor: REPLICATION_FACTOR };
  }

  #workloads() {
    const { producers, readers, members, meanPauseMs, partitions } = this.#options;
    const parts = { world: this.#world, history: this.#history, topic: TOPIC, partitions };
    return {
      producers: new IdempotentProducers({ producers, meanPauseMs }, parts),
      readers: new FollowingReaders({ readers }, parts),
      group: new GroupConsumers({ members }, parts),
    };
  }

  #makeNemesis(): Nemesis {
    const { faults, meanRestMs } = this.#options;
    return new Nemesis(
      {
        faults,
        meanRestMs,
        atOnceMax: 1 + (this.#options.seed % 2),
        skipped: [],
        tolerance: { flush: "os", mayLose: false },
      },
      { world: this.#world, note: (what) => this.#note(what) },
    );
  }

  #note(what: string): void {
    this.#world.trace.tell("nemesis", "fault", what);
    this.#notes.push(`${Math.round(this.#world.schedule.nowMs)} ${what}`);
  }

  /** What does not come to its end in time is a violation, and the run goes on without it. */
  async #within(ms: number, what: string, task: Promise<unknown>): Promise<void> {
    try {
      await this.#world.outcome(task, ms);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      this.#invariants.liveness.stuck(`${what}: ${why}`);
    }
  }

  async #whole(admin: Client, sleep: (ms: number) => Promise<void>): Promise<void> {
    for (;;) {
      const found = await admin.admin.describeTopic(TOPIC).catch(() => undefined);
      const isWhole = found?.partitions.every(
        (partition) =>
          !("error" in partition) &&
          partition.leader !== undefined &&
          partition.isr.length === REPLICATION_FACTOR &&
          this.#world.hosts.every(({ broker }) => broker !== undefined),
      );
      if (isWhole === true) return;
      await sleep(LOOK_MS);
    }
  }

  async #readFinal(admin: Client): Promise<void> {
    const logs = new Map<number, [number, string][]>();
    for (let i = 0; i < this.#options.partitions; i++) logs.set(i, []);
    const reader = admin.reader(topic(TOPIC, { value: serde.string() }), {
      from: "start",
      follow: false,
    });
    for await (const { offset, partition, value } of reader) {
      logs.get(partition)?.push([offset, value ?? ""]);
    }
    await reader.close();
    this.#history.finalLogs = [...logs].map(
      ([partition, records]): FinalLog => ({ key: `${partition}`, records }),
    );
  }

  #report(): SimulationReport {
    const { entries, groupEntries } = this.#history;
    const { schedule, trace } = this.#world;
    const all = [...historyInvariants(this.#history), ...this.#invariants.all];
    return {
      options: this.#options,
      events: trace.count,
      virtualMs: schedule.nowMs,
      hash: trace.hash,
      sends: entries.filter(({ f }) => f === "send").length,
      acknowledged: entries.filter((entry) => entry.f === "send" && entry.outcome === "ok").length,
      processed: groupEntries.filter(({ f }) => f === "processed").length,
      replicaComparisons: this.#invariants.comparisons,
      notes: this.#notes,
      coverage: this.#nemesis.coverage,
      violations: all.flatMap(({ name, violations }) =>
        violations.map((what) => ({ invariant: name, what })),
      ),
    };
  }
}
