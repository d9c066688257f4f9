import {
  type AbortSignalLike,
  abortable,
  CallAbort,
  type Clock,
  errorCode,
  type Logger,
  type Random,
  runInBackground,
  type Scheduler,
  sleep,
  throwIfAborted,
} from "@zoolog/base";
import type { BrokerCalls } from "@zoolog/calls";
import type { NativeCall, NativeRequest, NativeResponse } from "@zoolog/protocol";
import { type BackoffOptions, backoffDelayMs } from "../backoff.ts";
import type { CallLimits } from "../cluster/call-attempts.ts";
import type { Cluster } from "../cluster/cluster.ts";
import { callTimedOut } from "../errors.ts";
import { isRetriable, itemFailure } from "../retriable.ts";
import { coordinatorMoved } from "./errors.ts";

export type GroupCoordinatorOptions = BackoffOptions & {
  readonly groupId: string;
  /** One attempt, ms. Given up too early, a commit may arrive behind the next one and take it back. */
  readonly requestTimeoutMs: number;
};

export type GroupCoordinatorDependencies = {
  readonly cluster: Cluster;
  readonly calls: BrokerCalls;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly logger: Logger;
};

/** After these another broker may coordinate the group. */
const MOVED = new Set([
  "NOT_COORDINATOR",
  "COORDINATOR_NOT_AVAILABLE",
  "CONNECTION_REFUSED",
  "NETWORK_EXCEPTION",
  "REQUEST_TIMED_OUT",
]);
/** Brokers answer from memory; one that is frozen must not hold up the question for long. */
const LOOKUP_TIMEOUT_MS = 5_000;

/** An answer may take minutes: so often others are asked who coordinates meanwhile, ms. */
const PARKED_LOOK_EVERY_MS = 5_000;

/** The broker that coordinates a group: found when it is needed, looked for again when it moved. */
export class GroupCoordinator {
  readonly #options: GroupCoordinatorOptions;
  readonly #dependencies: GroupCoordinatorDependencies;
  #endpoint: string | undefined;
  #looking: Promise<string> | undefined;

  constructor(options: GroupCoordinatorOptions, dependencies: GroupCoordinatorDependencies) {
    this.#options = options;
    this.#dependencies = dependencies;
  }

  /** Once; what fails is told at once. For who has a rhythm of their own. */
  async attempt<Call extends NativeCall>(
    call: Call,
    request: NativeRequest<Call>,
    limits: CallLimits,
  ): Promise<NativeResponse<Call>> {
    const endpoint = this.#endpoint ?? (await abortable(this.#lookUp(), limits.signal));
    try {
      return await this.#dependencies.calls.call(endpoint, call, request, limits);
    } catch (error) {
      this.noteFailure(error, endpoint);
      throw error;
    }
  }

  /**
   * Once, for a call that the coordinator may answer as late as it likes. One that is frozen never
   * will, and looks the same: so other brokers are asked in between whether it still coordinates.
   *
   * @throws ZoologError `NOT_COORDINATOR` as soon as another one does; what `attempt` throws.
   */
  async attemptParked<Call extends NativeCall>(
    call: Call,
    request: NativeRequest<Call>,
    limits: CallLimits,
  ): Promise<NativeResponse<Call>> {
    const { logger, scheduler } = this.#dependencies;
    throwIfAborted(limits.signal);
    const moved = new CallAbort();
    const endpoint = this.#endpoint ?? (await abortable(this.#lookUp(), limits.signal));
    const look = async (): Promise<void> => {
      // Nobody knows better: it is waited for.
      const current = await this.#lookUp().catch(() => endpoint);
      if (current !== endpoint) moved.abort(coordinatorMoved(this.#options.groupId, current));
    };
    const timer = scheduler.every(PARKED_LOOK_EVERY_MS, () => {
      runInBackground("look for the group coordinator", logger, look);
    });
    const onAbort = () => moved.abort(limits.signal?.reason);
    limits.signal?.addEventListener("abort", onAbort, { once: true });
    try {
      return await this.attempt(call, request, { ...limits, signal: moved.signal });
    } finally {
      timer.cancel();
      limits.signal?.removeEventListener("abort", onAbort);
    }
  }

  /**
   * Until it is answered or refused for good, or time is up.
   *
   * @param request made anew for each attempt; what it throws ends the call.
   * @param given.refusal why an answer is one of failure: some calls refuse item by item.
   * @param given.passing codes that are tried again though they say no: they pass by themselves.
   * @throws ZoologError what the coordinator refuses; `REQUEST_TIMED_OUT`.
   */
  async call<Call extends NativeCall>(
    call: Call,
    request: () => NativeRequest<Call>,
    limits: CallLimits,
    given: {
      readonly refusal?: (answer: NativeResponse<Call>) => unknown;
      readonly passing?: ReadonlySet<string>;
    } = {},
  ): Promise<NativeResponse<Call>> {
    const { clock, random, scheduler } = this.#dependencies;
    const startedAt = clock.monotonic();
    for (let failures = 1; ; failures++) {
      throwIfAborted(limits.signal);
      const remainingMs = Math.max(1, startedAt + limits.timeoutMs - clock.monotonic());
      const timeoutMs = Math.ceil(Math.min(this.#options.requestTimeoutMs, remainingMs));
      let failure: unknown;
      const asked = request();
      try {
        // One that is frozen is left for its successor, not only when time is up.
        const answer = await this.attemptParked(call, asked, { ...limits, timeoutMs });
        failure = given.refusal?.(answer);
        if (failure === undefined) return answer;
        this.noteFailure(failure);
      } catch (error) {
        failure = error;
      }
      const passes = given.passing?.has(errorCode(failure) ?? "") === true;
      if (!passes && !isRetriable(failure)) throw failure;
      const pauseMs = backoffDelayMs(failures, this.#options, random);
      if (clock.monotonic() - startedAt + pauseMs >= limits.timeoutMs) {
        throw callTimedOut(call, limits.timeoutMs, failure);
      }
      await sleep(scheduler, pauseMs, limits.signal);
    }
  }

  /** Looks for the coordinator anew before the next call, where that may help. */
  noteFailure(error: unknown, endpoint = this.#endpoint): void {
    const code = errorCode(error) ?? "";
    if (!MOVED.has(code) || this.#endpoint !== endpoint) return;
    this.#endpoint = undefined;
    // The broker that named it has not heard that it moved, and may be that one itself.
    if (code === "NOT_COORDINATOR") this.#dependencies.cluster.askAnother();
  }

  /** All who ask at the same time share one question. */
  #lookUp(): Promise<string> {
    this.#looking ??= this.#ask().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  async #ask(): Promise<string> {
    const { groupId, requestTimeoutMs } = this.#options;
    const timeoutMs = Math.min(requestTimeoutMs, LOOKUP_TIMEOUT_MS);
    const limits: { timeoutMs: number; signal?: AbortSignalLike } = { timeoutMs };
    const { cluster } = this.#dependencies;
    const answer = await cluster.anyBroker(
      "find-coordinator",
      { groups: [groupId] },
      limits,
      Math.ceil(timeoutMs / 2),
    );
    const [found] = answer.groups;
    if (found === undefined || "error" in found) {
      const error = found?.error ?? {
        code: "COORDINATOR_NOT_AVAILABLE",
        message: "no broker coordinates it",
      };
      this.#dependencies.cluster.askAnother();
      throw itemFailure(`group ${groupId}`, error);
    }
    this.#endpoint = found.url;
    return found.url;
  }
}
