import { errorCode, type Scheduler, sleep } from "@zoolog/base";
import type {
  AlterPartitionEvent,
  ControlledShutdownEvent,
  ControllerResponse,
  ReplicasDeletedEvent,
  ReplicasOfflineEvent,
} from "@zoolog/controller";
import type { CoordinationStore } from "@zoolog/coordination";
import { coordinationUnavailable, notController } from "../errors.ts";
import type { ControllerLocator } from "../membership/controller-locator.ts";
import type { ControllerRuntime } from "./controller-runtime.ts";

/** What brokers tell or ask the controller; each is a call of its own between brokers. */
export type BrokerEvent =
  | AlterPartitionEvent
  | ReplicasOfflineEvent
  | ReplicasDeletedEvent
  | ControlledShutdownEvent;

export type BrokerEventResponse<Event extends BrokerEvent> = Extract<
  ControllerResponse,
  { readonly type: Event["type"] }
>;

export type Unanswered<Event> = Event extends BrokerEvent ? Omit<Event, "requestId"> : never;

export type ControllerLinkDependencies = {
  readonly controller: ControllerRuntime;
  readonly locator: ControllerLocator;
  readonly store: Pick<CoordinationStore, "state">;
  /** The call of the event's name to the broker at `endpoint`. */
  readonly send: (
    endpoint: string,
    event: Unanswered<BrokerEvent>,
    options: { readonly timeoutMs: number },
  ) => Promise<ControllerResponse>;
  readonly scheduler: Scheduler;
};

/** The controller answers in milliseconds; thousands of partitions take it a second or two. */
const SEND_TIMEOUT_MS = 10_000;

/** Until who reigns is asked for again, when somebody waits for that. */
const LOOK_AGAIN_MS = 50;

/** Failures after which somebody else may be the controller; nothing was done. */
const NOT_THERE = new Set(["NOT_CONTROLLER", "CONNECTION_REFUSED"]);

/** The way to the controller, wherever it is: in this process or behind a call. */
export class ControllerLink {
  readonly #dependencies: ControllerLinkDependencies;

  constructor(dependencies: ControllerLinkDependencies) {
    this.#dependencies = dependencies;
  }

  /**
   * Asks once. Who asks tries again: most of what brokers ask rests on a state that moves on.
   *
   * @throws ZoologError `NOT_CONTROLLER`, `COORDINATION_UNAVAILABLE`, what the call rejects with.
   */
  async submit<Event extends BrokerEvent>(
    event: Omit<Event, "requestId">,
  ): Promise<BrokerEventResponse<Event>> {
    const { controller, locator, send } = this.#dependencies;
    const unanswered = event as unknown as Unanswered<BrokerEvent>;
    if (controller.isController) {
      const response = await controller.submit<BrokerEvent>(unanswered);
      return response as BrokerEventResponse<Event>;
    }
    const { endpoint } = this.#located();
    try {
      const response = await send(endpoint, unanswered, { timeoutMs: SEND_TIMEOUT_MS });
      return response as BrokerEventResponse<Event>;
    } catch (error) {
      locator.lookAgain();
      throw error;
    }
  }

  /**
   * Runs `here` when this broker is the controller, else `there` with the controller's address, again
   * and again while that one is not the controller (any more) and nothing was done.
   *
   * @param options `deadline` by the monotonic clock of `now`.
   * @throws ZoologError as `submit`, once the deadline has passed.
   */
  async atController<T>(
    options: { readonly deadline: number; readonly now: () => number },
    ways: {
      readonly here: () => Promise<T>;
      readonly there: (endpoint: string) => Promise<T>;
    },
  ): Promise<T> {
    const { controller, locator, scheduler } = this.#dependencies;
    for (;;) {
      try {
        if (controller.isController) return await ways.here();
        return await ways.there(this.#located().endpoint);
      } catch (error) {
        const isElsewhere = NOT_THERE.has(errorCode(error) ?? "");
        if (!isElsewhere || options.now() + LOOK_AGAIN_MS >= options.deadline) throw error;
        locator.lookAgain();
        await sleep(scheduler, LOOK_AGAIN_MS);
      }
    }
  }

  #located() {
    const { locator, store } = this.#dependencies;
    const { location } = locator;
    if (location !== undefined) return location;
    if (store.state !== "connected") throw coordinationUnavailable();
    throw notController(locator.incumbent?.brokerId);
  }
}
