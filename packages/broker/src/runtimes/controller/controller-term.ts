import {
  assert,
  type BrokerId,
  type Clock,
  type ControllerEpoch,
  type Deferred,
  deferred,
  errorCode,
  errorMessage,
  type Logger,
  runInBackground,
  type Scheduler,
  type Timer,
} from "@zoolog/base";
import {
  applyAll,
  type ClusterImage,
  type Conflict,
  type ControllerEvent,
  type ControllerResponse,
  type ControllerSettings,
  type ControllerState,
  type ControllerTimer,
  decide,
  loadController,
  type ObservedPartition,
  type Reply,
  type RequestId,
  repliesAfterConflicts,
} from "@zoolog/controller";
import type { ControllerWriter, CoordinationStore } from "@zoolog/coordination";
import { controllerBusy, notController } from "../errors.ts";
import { TERM_READERS, type ZnodeFaults } from "../znode-faults.ts";
import {
  loadCluster,
  MEND_TOPIC,
  OBSERVED_SCOPES,
  type ObservedScope,
  observe,
} from "./controller-observation.ts";
import { persist } from "./controller-persistence.ts";
import { countElections, type ElectionCounters } from "./election-counters.ts";

export type ControllerTermOptions = {
  readonly brokerId: BrokerId;
  readonly clusterId: string;
  readonly settings: ControllerSettings;
};

export type ControllerTermDependencies = {
  readonly store: CoordinationStore;
  readonly writer: ControllerWriter;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly logger: Logger;
  readonly faults: ZnodeFaults;
  /** Called with each new image, before the replies that rest on it are released. */
  readonly publish: (image: ClusterImage) => void;
  readonly elections: ElectionCounters;
  /** The newest image that was followed here: of the reign before, when a term begins. */
  readonly followed: () => ClusterImage | undefined;
  /** The term is over; nothing is decided or published any more. */
  readonly onEnded: (reason: string) => void;
};

/**
 * Requests that wait for their turn. A turn takes some milliseconds of ZooKeeper, so that more
 * would be answered after their callers have given up.
 */
const REQUESTS_WAITING_MAX = 1_000;

/** Notifications of changed configs: who reads them is told within a session timeout. As Kafka. */
const CONFIG_CHANGES_KEPT_MS = 15 * 60_000;

const MEND_STATE =
  "Its partition is offline; mend it with zkCli (docs/formats/znodes.md has the format).";

type Request = { readonly event: ControllerEvent; readonly requestId: RequestId };

/**
 * One reign of this broker as controller, from the election to the first sign that it is over. It
 * does for the pure core what the core cannot: takes one event at a time, lets it decide, persists
 * the records, applies them, publishes the image, releases the replies and sets the timers.
 *
 * Invariant: between reading the state for `decide` and applying its records nothing else is
 * decided, so no decision rests on a state that never was.
 */
export class ControllerTerm {
  readonly #options: ControllerTermOptions;
  readonly #dependencies: ControllerTermDependencies;
  readonly #logger: Logger;
  readonly #stopListening: (() => void)[] = [];
  readonly #timers = new Map<ControllerTimer, Timer>();
  readonly #dirty = new Set<ObservedScope>();
  /** Few: what each broker's port said. */
  readonly #reports: ControllerEvent[] = [];
  readonly #requests: Request[] = [];
  readonly #timersDue: ControllerTimer[] = [];
  readonly #waiting = new Map<RequestId, Deferred<ControllerResponse>>();
  #state: ControllerState | undefined;
  #running = false;
  #ended = false;
  #lastRequestId = 0;

  constructor(options: ControllerTermOptions, dependencies: ControllerTermDependencies) {
    this.#options = options;
    this.#dependencies = dependencies;
    this.#logger = dependencies.logger.child({
      controllerEpoch: dependencies.writer.controllerEpoch,
    });
  }

  /** Begins to reign: listens first and reads everything then, so that no change is missed. */
  start(): void {
    this.#logger.info("became controller");
    const { writer, store } = this.#dependencies;
    for (const scope of OBSERVED_SCOPES) {
      this.#stopListening.push(store.onHint(scope, () => this.#markDirty(scope)));
    }
    writer.onFenced(() => this.end("somebody else is the controller"));
    this.#wake();
  }

  get controllerEpoch(): ControllerEpoch {
    return this.#dependencies.writer.controllerEpoch;
  }

  /** The image as decided last; `undefined` until the first one is there. */
  get image(): ClusterImage | undefined {
    return this.#ended ? undefined : this.#state?.image;
  }

  /**
   * Gives the event its turn and answers with the core's reply.
   *
   * @throws ZoologError `NOT_CONTROLLER` when the term ends first, `CONTROLLER_BUSY`.
   */
  submit(makeEvent: (requestId: RequestId) => ControllerEvent): Promise<ControllerResponse> {
    if (this.#ended) return Promise.reject(notController());
    if (this.#waiting.size >= REQUESTS_WAITING_MAX) return Promise.reject(controllerBusy());
    this.#lastRequestId += 1;
    const requestId = this.#lastRequestId;
    const answer = deferred<ControllerResponse>();
    this.#waiting.set(requestId, answer);
    this.#requests.push({ event: makeEvent(requestId), requestId });
    this.#wake();
    return answer.promise;
  }

  /**
   * Gives the event its turn, before anything else: what the dead broker led waits for it. One that
   * comes before the first image is decided before it.
   */
  report(event: ControllerEvent): void {
    if (this.#ended) return;
    this.#reports.push(event);
    this.#wake();
  }

  /** Stops at once, whatever is under way: its fate is the successor's to find out. Idempotent. */
  end(reason: string): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#logger.info("controller term ended", { reason });
    for (const stop of this.#stopListening) stop();
    for (const timer of this.#timers.values()) timer.cancel();
    for (const answer of this.#waiting.values()) answer.reject(notController());
    this.#waiting.clear();
    this.#requests.length = 0;
    this.#dependencies.faults.forget(TERM_READERS);
    this.#dependencies.onEnded(reason);
  }

  /**
   * Gives the office back, so that a successor need not wait for our session to end. Without a
   * connection it is the end of the session that does it: nobody waits for ZooKeeper here.
   */
  async resign(reason: string): Promise<void> {
    this.end(reason);
    if (this.#dependencies.store.state !== "connected") return;
    try {
      await this.#dependencies.writer.resign();
    } catch (error) {
      this.#logger.warn("resignation failed", { error: errorMessage(error) });
    }
  }

  #markDirty(scope: ObservedScope): void {
    this.#dirty.add(scope);
    this.#wake();
  }

  #wake(): void {
    if (this.#running || this.#ended) return;
    this.#running = true;
    runInBackground("controller term", this.#logger, async () => {
      try {
        await this.#run();
      } catch (error) {
        await this.#giveUp(error);
      }
    });
  }

  /**
   * One event after the other until there is none. What was observed comes before requests. Reports
   * come before both: an image that is behind cannot mislead them, as they name the life of the broker
   * that they mean, and a broker that is gone as well is noticed with the next look.
   */
  async #run(): Promise<void> {
    this.#state ??= await this.#load();
    while (!this.#ended) {
      if (await this.#decideReport()) continue;
      const timer = this.#timersDue.shift();
      const [scope] = this.#dirty;
      if (timer !== undefined) {
        await this.#decide({ type: "timerFired", key: timer });
      } else if (scope !== undefined) {
        this.#dirty.delete(scope);
        await this.#observe(scope);
      } else {
        const request = this.#requests.shift();
        if (request === undefined) break;
        await this.#decide(request.event);
      }
    }
    // In the same turn as the last look: what comes from now on wakes the term again.
    this.#running = false;
  }

  async #decideReport(): Promise<boolean> {
    const report = this.#reports.shift();
    if (report !== undefined) await this.#decide(report);
    return report !== undefined;
  }

  async #load(): Promise<ControllerState> {
    const { store, writer } = this.#dependencies;
    const { brokerId, clusterId, settings } = this.#options;
    const { faults } = this.#dependencies;
    const load = await loadCluster({ store, faults, rules: settings.configs });
    const { controllerEpoch } = writer;
    const predecessor = this.#dependencies.followed();
    const state = loadController(
      { ...load, clusterId, controllerId: brokerId, controllerEpoch, predecessor },
      settings,
    );
    this.#state = state;
    this.#reportUnreadable(undefined, state);
    await this.#decide({ type: "controllerElected" });
    while (await this.#decideReport());
    if (!this.#ended) this.#dependencies.publish(this.#state.image);
    return this.#state;
  }

  async #observe(scope: ObservedScope): Promise<void> {
    const { image } = this.#current();
    const observed = await observe(scope, image, {
      store: this.#dependencies.store,
      faults: this.#dependencies.faults,
      rules: this.#options.settings.configs,
    });
    if (this.#ended) return;
    if ("reload" in observed) {
      await this.resign(observed.reload);
      return;
    }
    for (const event of observed.events) await this.#decide(event);
    if (scope === "configs" && !this.#ended) {
      await this.#dependencies.writer.purgeConfigChanges(CONFIG_CHANGES_KEPT_MS);
    }
    if (observed.preferredElection === true && !this.#ended) {
      await this.#dependencies.writer.completePreferredElection();
    }
  }

  async #decide(event: ControllerEvent): Promise<void> {
    if (this.#ended) return;
    const before = this.#current();
    const decision = decide(before, event, this.#dependencies.clock.now());
    const { records, conflicts } = await persist(decision.records, this.#dependencies.writer);
    if (this.#ended) return;
    const after = applyAll(before, records);
    this.#state = after;
    countElections(
      { before: before.image, records },
      { elections: this.#dependencies.elections, logger: this.#logger },
    );
    this.#reportUnreadable(before, after);
    if (records.length > 0) {
      const kinds = [...new Set(records.map(({ type }) => type))];
      this.#logger.info("controller decided", {
        event: event.type,
        records: records.length,
        kinds,
      });
    }
    if (after.image !== before.image) this.#dependencies.publish(after.image);
    this.#release(repliesAfterConflicts(decision.replies, conflicts));
    for (const { arm, afterMs } of decision.timers) this.#arm(arm, afterMs);
    await this.#resolve(conflicts);
  }

  #reportUnreadable(before: ControllerState | undefined, after: ControllerState): void {
    const { faults } = this.#dependencies;
    const { unreadableTopics } = after.image;
    if (unreadableTopics !== before?.image.unreadableTopics) {
      const broken = [...unreadableTopics.values()];
      faults.report(
        "unreadableTopics",
        broken.map(({ reason }) => ({ message: reason, hint: MEND_TOPIC })),
      );
    }
    if (after.unreadable !== before?.unreadable) {
      const messages = [...after.unreadable.values()];
      faults.report(
        "partitionStates",
        messages.map((message) => ({ message, hint: MEND_STATE })),
      );
    }
  }

  /** Somebody wrote beside us: what stands there now is what counts. */
  async #resolve(conflicts: readonly Conflict[]): Promise<void> {
    if (conflicts.length === 0) return;
    this.#logger.warn("changed by somebody else in ZooKeeper", { conflicts });
    if (conflicts.some(({ kind }) => kind === "topic")) this.#markDirty("topics");
    // A topic that cannot be read is served as it was known; another one only a new start takes in.
    const changed = conflicts.find((each) => each.kind === "assignment" && each.isReadable);
    if (changed?.kind === "assignment") {
      await this.resign(`replicas of ${changed.topic} were changed in ZooKeeper`);
      return;
    }
    if (conflicts.some(({ kind }) => kind === "slot")) this.#markDirty("coordinators");
    const partitions = conflicts.flatMap((conflict) =>
      conflict.kind === "partition"
        ? [{ topic: conflict.topic, partition: conflict.partition }]
        : [],
    );
    if (partitions.length === 0) return;
    const read: readonly ObservedPartition[] =
      await this.#dependencies.store.readPartitions(partitions);
    await this.#decide({ type: "partitionsObserved", partitions: read });
  }

  #release(replies: readonly Reply[]): void {
    for (const { requestId, response } of replies) {
      const answer = this.#waiting.get(requestId);
      this.#waiting.delete(requestId);
      answer?.resolve(response);
    }
  }

  #arm(key: ControllerTimer, afterMs: number): void {
    this.#timers.get(key)?.cancel();
    const timer = this.#dependencies.scheduler.after(afterMs, () => {
      this.#timers.delete(key);
      this.#timersDue.push(key);
      this.#wake();
    });
    this.#timers.set(key, timer);
  }

  #current(): ControllerState {
    assert(this.#state !== undefined, "the term has loaded its state");
    return this.#state;
  }

  /**
   * A failure in the middle leaves open what was written. The store knows; so this term ends, and
   * the next one, ours or another's, reads everything anew.
   */
  async #giveUp(error: unknown): Promise<void> {
    if (errorCode(error) === "CONTROLLER_FENCED") {
      this.end("somebody else is the controller");
      return;
    }
    if (errorCode(error) === "STORE_CLOSED") {
      // Only we close it, at the end of a broker that stops: there is nothing to give back any more.
      this.end("the broker shuts down");
      return;
    }
    this.#logger.error("controller failed", { error: errorMessage(error) });
    await this.resign(`failed: ${errorMessage(error)}`);
  }
}
