import {
  type BrokerId,
  CallAbort,
  type Clock,
  errorCode,
  errorMessage,
  type Logger,
  runInBackground,
  type Scheduler,
  type Timer,
} from "@zoolog/base";
import type { ReplicateResponse } from "@zoolog/protocol";
import { callBrokenOff } from "../errors.ts";
import { replicaKey } from "../sessions/replica-sessions.ts";
import { backoffMs } from "./fetch-backoff.ts";
import { FetchSession } from "./fetch-session.ts";
import type { FetchPosition, Following, LeaderContact } from "./following.ts";
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
 * How late an answer may begin, beyond what the leader may wait: it only looks at what is there. A
 * leader that is gone without a word, behind a connection that stays up, is asked by another one after
 * this, well before followers are out of the ISR (`replica.lag.time.max.ms`).
 */
const ANSWER_BEGINS_MS = 5_000;

/**
 * How long a call may go on that does not ask for a partition that is here since. Under load it ends
 * by itself; an idle one would hold up a failover. Partitions that come together share the next call.
 */
const NEWCOMER_WAIT_MS = 5;

/**
 * To break a call off costs the session: all partitions are named again. So while partitions keep
 * coming, by the thousand when a topic is made, calls wait but briefly, and end by themselves.
 */
const JOINING_FOR_MS = 1_000;
const JOINING_POLL_MS = 20;

/** Likewise for a call that ends soon, be it that it waits briefly or that it names partitions. */
const NEWCOMER_WAIT_FOR_ANSWER_MS = 200;

/** More than a second: a failover is over by then. */
const FAILURES_BEFORE_WARNING = 8;

type Asked = { readonly following: Following; readonly position: FetchPosition };
type Call = { readonly abort: CallAbort; readonly endsSoon: boolean };

/**
 * Follows one leader: one call at a time asks for all partitions that this broker follows there, and
 * what it answers is applied to each of them. Partitions that have to wait are left out meanwhile, so
 * that none holds up the others.
 */
export class ReplicaFetcher implements LeaderContact {
  readonly leader: BrokerId;
  readonly #options: FetcherOptions;
  readonly #dependencies: FetcherDependencies;
  readonly #session: FetchSession;
  readonly #followed = new Map<string, Following>();
  /** What calls ask for; as it was when the call was made that is under way. */
  readonly #asked = new Map<string, Asked>();
  /** To be looked at before the next call: they are new, gone, or were answered. */
  readonly #touched = new Set<string>();
  /** Have to wait. */
  readonly #delayed = new Map<string, Following>();
  /** Their logs are being cut, which takes the disk several syncs. */
  readonly #cutting = new Set<Following>();
  readonly #closing = new AbortController();
  #calling: Call | undefined;
  #pause: { readonly resolve: () => void; readonly timer: Timer | undefined } | undefined;
  #newcomersTimer: Timer | undefined;
  /** Monotonic. */
  #joiningUntil = 0;
  #failures = 0;
  #answeredAt = Number.NEGATIVE_INFINITY;
  #ended: Promise<void> | undefined;

  constructor(leader: BrokerId, options: FetcherOptions, dependencies: FetcherDependencies) {
    this.leader = leader;
    this.#options = options;
    this.#dependencies = dependencies;
    this.#session = new FetchSession(options);
  }

  get answeredAt(): number {
    return this.#answeredAt;
  }

  get answerWithinMs(): number {
    return this.#options.maxWaitMs;
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
    this.#touched.add(key);
    following.followThrough(this);
    this.#joiningUntil = this.#dependencies.clock.monotonic() + JOINING_FOR_MS;
    this.#askSoon();
  }

  /** Those touched are in the next call; the one under way does not hold them up for long. */
  #askSoon(): void {
    const calling = this.#calling;
    if (calling === undefined) {
      this.#wake();
      return;
    }
    const waitMs = calling.endsSoon ? NEWCOMER_WAIT_FOR_ANSWER_MS : NEWCOMER_WAIT_MS;
    this.#newcomersTimer ??= this.#dependencies.scheduler.after(waitMs, () =>
      calling.abort.abort(callBrokenOff()),
    );
  }

  remove(key: string): void {
    this.#followed.delete(key);
    this.#touched.add(key);
  }

  /** Answers that are under way are dropped. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#newcomersTimer?.cancel();
    this.#calling?.abort.abort(callBrokenOff());
    this.#wake();
    await this.#ended;
  }

  async #run(): Promise<void> {
    while (!this.#closing.signal.aborted) {
      const nextInMs = this.#prepare();
      if (this.#asked.size === 0) await this.#sleep(nextInMs);
      else if (await this.#fetch(nextInMs)) this.#failures = 0;
      else await this.#sleep(backoffMs(this.#failures));
    }
  }

  /** Settles who is asked for now; answers in how many milliseconds somebody else may be. */
  #prepare(): number | undefined {
    const now = this.#dependencies.clock.monotonic();
    for (const [key, { delayedUntil }] of this.#delayed) {
      if (delayedUntil <= now) this.#touched.add(key);
    }
    for (const key of this.#touched) this.#settle(key, now);
    this.#touched.clear();
    let nextInMs: number | undefined;
    for (const { delayedUntil } of this.#delayed.values()) {
      nextInMs = Math.min(nextInMs ?? Number.POSITIVE_INFINITY, delayedUntil - now);
    }
    return nextInMs;
  }

  #settle(key: string, now: number): void {
    const following = this.#followed.get(key);
    const isCutting = following !== undefined && this.#cutting.has(following);
    if (following !== undefined && !isCutting && following.delayedUntil <= now) {
      const { topicId, partition, position } = following;
      this.#delayed.delete(key);
      this.#asked.set(key, { following, position });
      this.#session.want(key, { topicId, partition, position });
      return;
    }
    this.#asked.delete(key);
    this.#session.forget(key);
    if (following === undefined || isCutting) this.#delayed.delete(key);
    else this.#delayed.set(key, following);
  }

  /** One call and what it brings. False when the leader could not be asked. */
  async #fetch(nextInMs: number | undefined): Promise<boolean> {
    const { maxWaitMs, minBytes, responseMaxBytes: maxBytes } = this.#options;
    const abort = new CallAbort();
    const isJoining = this.#dependencies.clock.monotonic() < this.#joiningUntil;
    const longestMs = isJoining ? Math.min(maxWaitMs, JOINING_POLL_MS) : maxWaitMs;
    const waitMs = Math.ceil(Math.min(longestMs, nextInMs ?? longestMs));
    const fields = this.#session.next();
    this.#calling = { abort, endsSoon: isJoining || fields.topics.length > 0 };
    let response: ReplicateResponse;
    try {
      response = await this.#dependencies.peers.replicate(
        this.leader,
        { maxWaitMs: waitMs, minBytes, maxBytes, ...fields },
        {
          signal: abort.signal,
          timeoutMs: waitMs + ANSWER_TIMEOUT_MS,
          answerBeginsMs: waitMs + ANSWER_BEGINS_MS,
        },
      );
    } catch (error) {
      this.#session.reset();
      if (abort.signal.aborted) return true;
      this.#failed(errorCode(error), errorMessage(error));
      return false;
    } finally {
      this.#calling = undefined;
      this.#newcomersTimer?.cancel();
      this.#newcomersTimer = undefined;
    }
    if (response.error !== undefined) {
      this.#session.reset();
      this.#failed(response.error.code, response.error.message);
      return false;
    }
    this.#session.answered(response);
    this.#answeredAt = this.#dependencies.clock.monotonic();
    await this.#apply(response);
    return true;
  }

  async #apply(response: ReplicateResponse): Promise<void> {
    const applied: Promise<void>[] = [];
    for (const { topicId, partitions } of response.topics) {
      for (const answer of partitions) {
        const key = replicaKey(topicId, answer.partition);
        const asked = this.#asked.get(key);
        if (asked === undefined) continue;
        this.#touched.add(key);
        const task = asked.following.apply(asked.position, answer);
        const isCut = !("error" in answer) && answer.divergingEpoch !== undefined;
        if (isCut) this.#leaveOut(key, asked.following, task);
        else applied.push(task);
      }
    }
    await Promise.all(applied);
  }

  /** Until its log is cut; the others go on meanwhile. */
  #leaveOut(key: string, following: Following, cut: Promise<void>): void {
    this.#cutting.add(following);
    runInBackground("cut a log", this.#dependencies.logger, async () => {
      await cut;
      this.#cutting.delete(following);
      this.#touched.add(key);
      this.#askSoon();
    });
  }

  #failed(code: string | undefined, message: string): void {
    this.#failures += 1;
    const fields = { leader: this.leader, code, cause: message, failures: this.#failures };
    // The first ones belong to every leader that leaves or dies: another one is elected meanwhile.
    // Then once; a leader that is away for long would else fill the log.
    const isWorthAWord = this.#failures === FAILURES_BEFORE_WARNING;
    if (isWorthAWord) this.#dependencies.logger.warn("leader cannot be followed", fields);
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
