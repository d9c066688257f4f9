import type { World } from "../world/world.ts";
import { BoundedQueues } from "./bounded-queues.ts";
import { FailedSyncs } from "./failed-syncs.ts";
import { HighWatermarks } from "./high-watermarks.ts";
import type { Invariant } from "./invariant.ts";
import { LateAcknowledgements } from "./late-acknowledgements.ts";
import { LeaderLooks } from "./leader-looks.ts";
import { Liveness } from "./liveness.ts";
import { NoLeaks } from "./no-leaks.ts";
import { OneController } from "./one-controller.ts";
import { OneCoordinator } from "./one-coordinator.ts";
import { OneLeader } from "./one-leader.ts";
import { OpenSessions } from "./open-sessions.ts";
import { OrderedEnds } from "./ordered-ends.ts";
import { PartitionStates } from "./partition-states.ts";
import { Recovery } from "./recovery.ts";
import { StrongIsr } from "./strong-isr.ts";

/** Events between two comparisons of all replicas' bytes. */
const COMPARE_EVENTS = 5_000;

/** Most harm is done while roles change: so long after that replicas are compared more often, ms. */
const AFTER_CHANGE_MS = 300;
const COMPARE_CHANGED_EVENTS = 200;

/** In which the session of a process that was killed has ended, virtual ms: timeout and ticks. */
const SESSIONS_END_MS_MAX = 30_000;

/** In which a broker has shut down in order, virtual ms. */
const SHUTDOWN_MS_MAX = 60_000;

/**
 * Everything that is looked at while a world runs, in one place. What clients saw is judged when it
 * is over, by `historyInvariants`.
 */
export class WorldInvariants {
  readonly liveness = new Liveness();
  /** Judged with what clients saw, where leaders change in no other way. */
  readonly lateAcknowledgements = new LateAcknowledgements();
  readonly #world: World;
  readonly #states: PartitionStates;
  readonly #looks: LeaderLooks;
  readonly #isr: StrongIsr;
  readonly #leader = new OneLeader();
  readonly #controller = new OneController();
  readonly #coordinator = new OneCoordinator();
  readonly #highWatermarks = new HighWatermarks();
  readonly #ends: OrderedEnds;
  readonly #recovery: Recovery;
  readonly #queues: BoundedQueues;
  readonly #leaks = new NoLeaks();
  readonly #sessions = new OpenSessions();
  readonly #syncs = new FailedSyncs();

  constructor(world: World) {
    this.#world = world;
    const { hosts, schedule, writeListeners, zookeeper } = world;
    this.#states = new PartitionStates(world);
    this.#looks = new LeaderLooks({ world, states: this.#states });
    this.#isr = new StrongIsr({
      ...{ hosts, deletedBelow: world.deletedBelow },
      nowMs: () => schedule.nowMs,
    });
    this.#ends = new OrderedEnds(hosts);
    this.#recovery = new Recovery({ random: world.random.fork("recovery") });
    this.#queues = new BoundedQueues(world);
    writeListeners.push((operations) => this.#controller.written(operations));
    zookeeper.onWrite((write) => {
      this.#sessions.applied(write);
      this.#coordinator.applied(write);
    });
    this.#followStates();
    this.#followBrokers();
    schedule.observe(COMPARE_EVENTS, () => this.#compare());
    schedule.observe(COMPARE_CHANGED_EVENTS, () => this.#compare(AFTER_CHANGE_MS));
  }

  get all(): readonly Invariant[] {
    return [
      ...[this.#isr, this.#leader, this.#controller, this.#highWatermarks, this.#ends],
      ...[this.#recovery, this.liveness, this.#queues, this.#leaks, this.#sessions, this.#syncs],
      ...[this.lateAcknowledgements, this.#coordinator],
    ];
  }

  /** Comparisons of replicas. */
  get comparisons(): number {
    return this.#isr.looks;
  }

  /** When all has healed and clients are gone. The world is shut down for it. */
  async atEnd(): Promise<void> {
    const { hosts, schedule, zookeeper } = this.#world;
    this.#compare();
    // Those of brokers that were killed end by themselves.
    await schedule.run({
      atMs: schedule.nowMs + SESSIONS_END_MS_MAX,
      isDone: () => this.#sessions.open.length === hosts.length,
    });
    this.#sessions.look(hosts.length);
    for (const host of hosts) await this.#recovery.twiceIsOnce(host);
    const closing = Promise.all(hosts.map((host) => host.shutDown()));
    try {
      await this.#world.outcome(closing, SHUTDOWN_MS_MAX);
    } catch (error) {
      this.liveness.stuck(`brokers shut down: ${String(error)}`);
    }
    for (const host of hosts) this.#leaks.left(host.leftBehind());
    this.#leaks.leftInZooKeeper({ watches: zookeeper.watches, sessions: this.#sessions.open });
    for (const invariant of this.all) await invariant.atEnd?.();
  }

  #followStates(): void {
    this.#states.listen({
      written: (state, before) => {
        this.#leader.written(state, before);
        this.#isr.written(state, before);
        this.lateAcknowledgements.written(state, before);
        const mayCount = state.isr.some((member) => before?.isr.includes(member) === false);
        // Who joins, and who leads now, must have all that is committed, right now.
        if (mayCount || state.leader !== before?.leader) void this.#lookAt(state.partition);
      },
      removed: (partition) => this.#isr.removed(partition),
    });
    this.#looks.listen((seen) => {
      this.#leader.seen(seen);
      this.#highWatermarks.seen(seen);
      this.#isr.seen(seen);
    });
  }

  #followBrokers(): void {
    const { hosts, logListeners, startListeners } = this.#world;
    logListeners.push((event, fields) => {
      this.#ends.logged(event, fields);
      this.#highWatermarks.logged(event, fields);
    });
    startListeners.push({
      starting: (host) => this.#recovery.starting(host),
      started: (host) => this.#recovery.started(host),
    });
    for (const { disk, name } of hosts) {
      disk.onLostPagesSynced = (path) => this.#syncs.lostPagesSynced(name, path);
    }
  }

  async #lookAt(partition: string): Promise<void> {
    await this.#looks.look();
    const state = this.#states.of(partition);
    if (state !== undefined) this.#isr.look(state);
  }

  #compare(changedWithinMs = Number.POSITIVE_INFINITY): void {
    const { nowMs } = this.#world.schedule;
    for (const state of this.#states.all) {
      if (nowMs - state.writtenAtMs <= changedWithinMs) this.#isr.look(state);
    }
  }
}
