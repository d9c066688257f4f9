import {
  type BrokerEpoch,
  type BrokerId,
  type Clock,
  type ControllerEpoch,
  errorMessage,
  type Logger,
  runInBackground,
  type Scheduler,
  type Timer,
} from "@zoolog/base";
import type {
  BrokerReachabilityEvent,
  ClusterImage,
  ControllerEvent,
  ControllerResponse,
} from "@zoolog/controller";
import {
  type ControllerWriter,
  type CoordinationStore,
  type CurrentController,
  isMalformed,
} from "@zoolog/coordination";
import { coordinationUnavailable, notController } from "../errors.ts";
import { holdsLease } from "../membership/lease.ts";
import type { ZnodeFaults } from "../znode-faults.ts";
import { ControllerTerm, type ControllerTermOptions } from "./controller-term.ts";
import type { ElectionCounters } from "./election-counters.ts";

export type ControllerRuntimeDependencies = {
  readonly store: CoordinationStore;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly logger: Logger;
  readonly faults: ZnodeFaults;
  /** Each image that this broker decided as controller. */
  readonly publish: (image: ClusterImage) => void;
  /** The newest image that was followed here, whoever decided it. */
  readonly followed: () => ClusterImage | undefined;
  /** Whoever was found to reign, this broker included; `undefined`: nobody. May repeat itself. */
  readonly onIncumbent?: ((incumbent: CurrentController | undefined) => void) | undefined;
  /** A reign of this broker begins; its first image comes when the state has been read. */
  readonly onReign?: ((controllerEpoch: ControllerEpoch) => void) | undefined;
  readonly onReignEnded?: (() => void) | undefined;
};

/** An event that somebody waits for, without the name that the term gives it. */
type RequestEvent = Extract<ControllerEvent, { readonly requestId: unknown }>;

/** Of a reign whose process is gone, with the life of the broker that was looked at. */
type DeposedController = CurrentController & { readonly brokerEpoch: BrokerEpoch };

/** Out of whose hands the office is taken. */
type Predecessor = CurrentController | DeposedController;

type ResponseTo<Event extends RequestEvent> = Extract<
  ControllerResponse,
  { readonly type: Event["type"] }
>;

/** After a term has failed: long enough not to spin, short beside a session timeout. */
const CONTEST_AGAIN_MS = 1_000;

/**
 * Races for the controllership whenever it is free and reigns while it is ours (`ControllerTerm`).
 * Losing it is an ordinary event: the term ends, and the race goes on.
 */
export class ControllerRuntime {
  /** Since the start of this broker, over all its reigns. */
  readonly elections: ElectionCounters = { leaders: 0, uncleanLeaders: 0 };
  readonly #options: ControllerTermOptions;
  readonly #dependencies: ControllerRuntimeDependencies;
  #term: ControllerTerm | undefined;
  #controllerId: BrokerId | undefined;
  #stopListening: (() => void) | undefined;
  #contest: Promise<void> | undefined;
  #contestAgain = false;
  /** Whose port refuses connections: the next contest is for its office. */
  #deposing: DeposedController | undefined;
  #timer: Timer | undefined;
  #started = false;
  #closed = false;

  constructor(options: ControllerTermOptions, dependencies: ControllerRuntimeDependencies) {
    this.#options = options;
    this.#dependencies = dependencies;
  }

  /**
   * Takes part in the race from now on. The broker has to be registered: under its id another life may
   * stand in ZooKeeper until then, whose office is not ours, and whose replicas are not ours to open.
   */
  start(): void {
    this.#started = true;
    this.#stopListening = this.#dependencies.store.onHint("controller", () => this.#race());
  }

  get isController(): boolean {
    return this.#term !== undefined;
  }

  /** The controller as far as this broker knows. */
  get controllerId(): BrokerId | undefined {
    return this.#term === undefined ? this.#controllerId : this.#options.brokerId;
  }

  /** The image of our own term. */
  get image(): ClusterImage | undefined {
    return this.#term?.image;
  }

  /**
   * Asks the controller core of this broker.
   *
   * @throws ZoologError `NOT_CONTROLLER`, `COORDINATION_UNAVAILABLE` (both retriable).
   */
  async submit<Event extends RequestEvent>(
    event: Omit<Event, "requestId">,
  ): Promise<ResponseTo<Event>> {
    if (!holdsLease(this.#dependencies.store)) throw coordinationUnavailable();
    if (this.#term === undefined) throw notController(this.controllerId);
    const response = await this.#term.submit(
      (requestId) => ({ ...event, requestId }) as unknown as Event,
    );
    return response as ResponseTo<Event>;
  }

  /** Gives a reign of this broker an event that nobody waits for; without one it is nobody's. */
  report(event: BrokerReachabilityEvent): void {
    this.#term?.report(event);
  }

  /** Reads again who reigns, and races when nobody does; before the start it only reads. */
  lookAgain(): void {
    this.#race();
  }

  /**
   * Takes the office from a reign whose process is gone (docs/decisions/014-fast-failover.md). Of
   * several brokers that try one succeeds; it moves what the dead one led before anything else.
   */
  succeed({ brokerId, brokerEpoch, controllerEpoch }: DeposedController): void {
    this.#deposing = { brokerId, brokerEpoch, controllerEpoch };
    this.#race();
  }

  /** Leaves the race and gives the office back. Idempotent. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#stopListening?.();
    this.#timer?.cancel();
    await this.#contest;
    await this.#term?.resign("the broker shuts down");
  }

  #race(): void {
    if (this.#closed) return;
    if (this.#contest !== undefined) {
      this.#contestAgain = true;
      return;
    }
    runInBackground("controller election", this.#dependencies.logger, async () => {
      this.#contest = this.#contestOnce();
      await this.#contest;
      this.#contest = undefined;
      if (!this.#contestAgain) return;
      this.#contestAgain = false;
      this.#race();
    });
  }

  async #contestOnce(): Promise<void> {
    const { store, logger, faults } = this.#dependencies;
    const deposing = this.#deposing;
    this.#deposing = undefined;
    try {
      if (store.state !== "connected") return;
      if (deposing !== undefined && this.#term === undefined) {
        await this.#elect(deposing);
        return;
      }
      const incumbent = await store.readController();
      faults.report("election", []);
      const term = this.#term;
      if (term !== undefined && incumbent?.controllerEpoch === term.controllerEpoch) return;
      // Whoever took the znode away, an operator or a broker that could not reach us, wants another.
      term?.end("it lost /controller");
      this.#found(incumbent);
      if (incumbent === undefined) await this.#elect();
      // Our session has outlived our term, which ended where ZooKeeper could not be told of it: all
      // would go on to ask us. Not the same reign again, of which something may be on its way.
      else if (incumbent.brokerId === this.#options.brokerId) await this.#elect(incumbent);
    } catch (error) {
      if (isMalformed(error)) faults.report("election", [error]);
      else logger.warn("controller election failed", { error: errorMessage(error) });
      this.#raceLater();
    }
  }

  async #elect(from?: Predecessor): Promise<void> {
    if (this.#closed || !this.#started) return;
    const election = await this.#dependencies.store.electController(this.#options.brokerId, from);
    if (election.outcome === "lost") this.#found(election.controller);
    else this.#begin(election.writer, from);
  }

  #begin(writer: ControllerWriter, from: Predecessor | undefined): void {
    const { store, clock, scheduler, logger, faults, publish, followed } = this.#dependencies;
    const term: ControllerTerm = new ControllerTerm(this.#options, {
      store,
      writer,
      clock,
      scheduler,
      logger,
      faults,
      publish,
      followed,
      elections: this.elections,
      onEnded: () => {
        this.#term = undefined;
        this.#dependencies.onReignEnded?.();
        this.#found(undefined);
        this.#raceLater();
      },
    });
    this.#term = term;
    const { controllerEpoch } = writer;
    this.#dependencies.onReign?.(controllerEpoch);
    this.#found({ brokerId: this.#options.brokerId, controllerEpoch });
    term.start();
    if (from === undefined || !("brokerEpoch" in from)) return;
    const { brokerId, brokerEpoch } = from;
    term.report({ type: "brokerUnreachable", brokerId, brokerEpoch });
  }

  #found(incumbent: CurrentController | undefined): void {
    this.#controllerId = incumbent?.brokerId;
    this.#dependencies.onIncumbent?.(incumbent);
  }

  /** Hints tell when the office is free; this is for a term of ours that failed on its own. */
  #raceLater(): void {
    if (this.#closed) return;
    this.#timer?.cancel();
    this.#timer = this.#dependencies.scheduler.after(CONTEST_AGAIN_MS, () => this.#race());
  }
}
