import {
  type BrokerId,
  type Clock,
  errorCode,
  errorMessage,
  type Logger,
  runInBackground,
  type Scheduler,
  type Timer,
} from "@zoolog/base";
import type { ReplicateResponse } from "@zoolog/protocol";
import { replicaKey } from "../sessions/replica-sessions.ts";
import { backoffMs } from "./fetch-backoff.ts";
import { FetchSession } from "./fetch-session.ts";
import type { FetchPosition, Following } from "./following.ts";
import type { ReplicaPeers } from "./replica-peers.ts";

export type FetcherOptions = {
  /** `replica.fetch.max.bytes`: of one partition in one answer. */
  readonly partitionMaxBytes: number;
  /** `replica.fetch.response.max.bytes` */
  readonly responseMaxBytes: number;
  /** `replica.fetch.wait.max.ms` */
  readonly maxWaitMs: number;
  /** `replica.fetch.min.bytes` */
  readonly minBytes: number;
};

export type FetcherDependencies = {
  readonly peers: ReplicaPeers;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly logger: Logger;
};

/** What an answer may take on its way, beyond what the leader may wait (`replica.socket.timeout.ms`). */
const ANSWER_TIMEOUT_MS = 30_000;

/**
 * How long a call may go on that does not ask for a partition that is here since. Under load it ends
 * by itself; an idle one would hold up a failover. Partitions that come together share the next call.
 */
const NEWCOMER_WAIT_MS = 5;

type Asked = { readonly following: Following; readonly position: FetchPosition };

/**
 * Follows one leader: one call at a time asks for all partitions that this broker follows there, and
 * what it answers is applied to each of them. Partitions that have to wait are left out meanwhile, so
 * that none holds up the others.
 */
export class ReplicaFetcher {
  readonly leader: BrokerId;
  readonly #options: FetcherOptions;
  readonly #dependencies: FetcherDependencies;
  readonly #session: FetchSession;
  readonly #followed = new Map<string, Following>();
  readonly #closing = new AbortController();
  #calling: { readonly abort: AbortController; readonly ready: Map<string, Asked> } | undefined;
  readonly #newcomers = new Map<string, Following>();
  #pause: { readonly resolve: () => void; readonly timer: Timer | undefined } | undefined;
  #newcomersTimer: Timer | undefined;
  #failures = 0;
  #ended: Promise<void> | undefined;

  constructor(leader: BrokerId, options: FetcherOptions, dependencies: FetcherDependencies) {
    this.leader = leader;
    this.#options = options;
    this.#dependencies = dependencies;
    this.#session = new FetchSession(options);
  }

  get size(): number {
    return this.#followed.size;
  }

  start(): void {
    const { logger } = this.#dependencies;
    this.#ended = this.#run();
    runInBackground(`follow broker ${this.leader}`, logger, async () => {
      await this.#ended;
    });
  }

  /** Fetches it from now on, in place of an older epoch of it. */
  add(following: Following): void {
    const key = replicaKey(following.topicId, following.partition);
    this.#followed.set(key, following);
    if (this.#calling === undefined) {
      this.#wake();
      return;
    }
    this.#newcomers.set(key, following);
    const { scheduler } = this.#dependencies;
    this.#newcomersTimer ??= scheduler.after(NEWCOMER_WAIT_MS, () => this.#letNewcomersIn());
  }

  remove(key: string): void {
    this.#followed.delete(key);
    this.#newcomers.delete(key);
  }

  /** Answers that are under way are dropped. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#newcomersTimer?.cancel();
    this.#calling?.abort.abort();
    this.#wake();
    await this.#ended;
  }

  async #run(): Promise<void> {
    while (!this.#closing.signal.aborted) {
      const { ready, nextInMs } = this.#ready();
      if (ready.size === 0) await this.#sleep(nextInMs);
      else if (await this.#fetch(ready, nextInMs)) this.#failures = 0;
      else await this.#sleep(backoffMs(this.#failures));
    }
  }

  /** Who may be asked for now, and when somebody else may. */
  #ready(): { readonly ready: Map<string, Asked>; readonly nextInMs: number | undefined } {
    const now = this.#dependencies.clock.monotonic();
    const ready = new Map<string, Asked>();
    let nextInMs: number | undefined;
    for (const [key, following] of this.#followed) {
      const inMs = following.delayedUntil - now;
      if (inMs <= 0) ready.set(key, { following, position: following.position });
      else nextInMs = Math.min(nextInMs ?? inMs, inMs);
    }
    return { ready, nextInMs };
  }

  /** One call and what it brings. False when the leader could not be asked. */
  async #fetch(ready: Map<string, Asked>, nextInMs: number | undefined): Promise<boolean> {
    const { maxWaitMs, minBytes, responseMaxBytes: maxBytes } = this.#options;
    const abort = new AbortController();
    this.#calling = { abort, ready };
    const waitMs = Math.ceil(Math.min(maxWaitMs, nextInMs ?? maxWaitMs));
    const wanted = new Map(
      [...ready].map(([key, { following, position }]) => {
        const { topicId, partition } = following;
        return [key, { topicId, partition, position }];
      }),
    );
    let response: ReplicateResponse;
    try {
      response = await this.#dependencies.peers.replicate(
        this.leader,
        { maxWaitMs: waitMs, minBytes, maxBytes, ...this.#session.next(wanted) },
        { signal: abort.signal, timeoutMs: waitMs + ANSWER_TIMEOUT_MS },
      );
    } catch (error) {
      this.#session.reset();
      if (abort.signal.aborted) return true;
      this.#failed(errorCode(error), errorMessage(error));
      return false;
    } finally {
      this.#calling = undefined;
    }
    if (response.error !== undefined) {
      this.#session.reset();
      this.#failed(response.error.code, response.error.message);
      return false;
    }
    this.#session.answered(response);
    await this.#apply(response, ready);
    return true;
  }

  #letNewcomersIn(): void {
    this.#newcomersTimer = undefined;
    const calling = this.#calling;
    const isAsked = ([key, newcomer]: [string, Following]): boolean =>
      calling?.ready.get(key)?.following === newcomer;
    if (![...this.#newcomers].every(isAsked)) calling?.abort.abort();
    this.#newcomers.clear();
  }

  async #apply(response: ReplicateResponse, ready: ReadonlyMap<string, Asked>): Promise<void> {
    const applied: Promise<void>[] = [];
    for (const { topicId, partitions } of response.topics) {
      for (const answer of partitions) {
        const asked = ready.get(replicaKey(topicId, answer.partition));
        if (asked !== undefined) applied.push(asked.following.apply(asked.position, answer));
      }
    }
    await Promise.all(applied);
  }

  #failed(code: string | undefined, message: string): void {
    this.#failures += 1;
    const fields = { leader: this.leader, code, cause: message, failures: this.#failures };
    // Once when it begins; a leader that is away for long would else fill the log.
    if (this.#failures === 1) this.#dependencies.logger.warn("leader cannot be followed", fields);
    else this.#dependencies.logger.debug("leader cannot be followed", fields);
  }

  #sleep(ms: number | undefined): Promise<void> {
    if (this.#closing.signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = (): void => this.#wake();
      const timer =
        ms === undefined ? undefined : this.#dependencies.scheduler.after(Math.ceil(ms), wake);
      this.#pause = { resolve, timer };
    });
  }

  #wake(): void {
    const pause = this.#pause;
    this.#pause = undefined;
    pause?.timer?.cancel();
    pause?.resolve();
  }
}
