import {
  type AbortSignalLike,
  abortable,
  type BrokerId,
  CallAbort,
  type Clock,
  type LeaderEpoch,
  type Logger,
  type Random,
  runInBackground,
  type Scheduler,
  sleep,
  type TopicPartition,
  throwIfAborted,
  type ZoologError,
} from "@zoolog/base";
import type { BrokerCalls } from "@zoolog/calls";
import type { MetadataResponse, NativeCall, NativeRequest, NativeResponse } from "@zoolog/protocol";
import { backoffDelayMs } from "../backoff.ts";
import { alreadyClosed, callTimedOut, unknownPartition } from "../errors.ts";
import { isRetriable, itemFailure } from "../retriable.ts";
import { CallAttempts, type CallAttemptsOptions, type CallLimits } from "./call-attempts.ts";
import { mergeTopic, type TopicMetadata, withLeader } from "./topic-metadata.ts";

export type ClusterOptions = CallAttemptsOptions & {
  /** Base URLs to begin with; the cluster itself tells of the others. */
  readonly brokers: readonly string[];
  /** Knowledge older than this is renewed when it is used, ms. */
  readonly metadataMaxAgeMs: number;
  /** Ask brokers to create topics that are produced to and missing. */
  readonly allowAutoTopicCreation: boolean;
};

export type ClusterDependencies = {
  readonly calls: BrokerCalls;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly logger: Logger;
};

/** Far more than brokers, so that each of them is as likely as any other. */
const ROTATIONS = 2 ** 20;

/**
 * A topic that was just created may not be known to every broker yet. Longer would only delay the
 * answer to a misspelt name.
 */
const UNKNOWN_TOPIC_GRACE_MS = 500;
/** Refreshes of metadata are at least so far apart, however many partitions ask for one. */
const REFRESH_INTERVAL_MIN_MS = 50;
/** Brokers answer from memory. One that is frozen must not keep us from asking the next one. */
const METADATA_ATTEMPT_TIMEOUT_MS = 2_000;
/** Topics whose metadata is kept; the ones looked up longest ago go first. */
const TOPICS_CACHED_MAX = 10_000;

/** What this client knows of the cluster, how it learns it, and calls that any broker can answer. */
export class Cluster {
  readonly #options: ClusterOptions;
  readonly #dependencies: ClusterDependencies;
  readonly #endpoints = new Map<BrokerId, string>();
  readonly #topics = new Map<string, TopicMetadata>();
  readonly #missing = new Map<string, ZoologError>();
  readonly #closing = new CallAbort();
  /** Clients that are given the same list shall not all ask the same broker. */
  #rotation: number;
  #version = 0;
  #wanted = new Set<string>();
  /** Topics that the next question creates when they are missing: those that somebody would produce to. */
  readonly #creatable = new Set<string>();
  #queued: Promise<void> | undefined;
  #running: Promise<void> = Promise.resolve();
  #refreshedAt = Number.NEGATIVE_INFINITY;

  constructor(options: ClusterOptions, dependencies: ClusterDependencies) {
    this.#options = options;
    this.#dependencies = dependencies;
    this.#rotation = Math.floor(dependencies.random.next() * ROTATIONS);
  }

  /** Changes whenever anything that is known changes. */
  get version(): number {
    return this.#version;
  }

  /** Knowledge older than this is looked at again, ms. */
  get metadataMaxAgeMs(): number {
    return this.#options.metadataMaxAgeMs;
  }

  /** What is known, without asking. Renewed in the background when it is old. */
  cachedTopic(name: string): TopicMetadata | undefined {
    const known = this.#topics.get(name);
    if (known === undefined) return undefined;
    const age = this.#dependencies.clock.monotonic() - known.fetchedAt;
    if (age > this.#options.metadataMaxAgeMs) this.refreshSoon([name]);
    return known;
  }

  /**
   * @throws ZoologError `UNKNOWN_TOPIC_OR_PARTITION` when no such topic exists;
   *   `BROKER_UNREACHABLE`, `REQUEST_TIMED_OUT`.
   */
  async topic(
    name: string,
    limits: CallLimits,
    purpose: "read" | "produce" = "read",
  ): Promise<TopicMetadata> {
    const { clock, random } = this.#dependencies;
    const mayCreate = purpose === "produce" && this.#options.allowAutoTopicCreation;
    const startedAt = clock.monotonic();
    for (let failures = 1; ; failures++) {
      const known = this.cachedTopic(name);
      if (known !== undefined) return known;
      if (mayCreate) this.#creatable.add(name);
      const failure = await this.#lookFor(name, startedAt + limits.timeoutMs, limits.signal);
      if (failure === undefined) continue;
      const elapsedMs = clock.monotonic() - startedAt;
      const unknown = failure.code === "UNKNOWN_TOPIC_OR_PARTITION";
      if (!failure.retriable || (unknown && elapsedMs >= UNKNOWN_TOPIC_GRACE_MS)) throw failure;
      const pauseMs = backoffDelayMs(failures, this.#options, random);
      if (elapsedMs + pauseMs >= limits.timeoutMs) throw failure;
      await this.#pause(pauseMs, limits.signal);
    }
  }

  /**
   * The topic as soon as it is known to have so many partitions. Whoever was told that it has them may
   * ask a broker that has not heard of it.
   *
   * @throws ZoologError `UNKNOWN_TOPIC_OR_PARTITION` when nobody confirms it in time, and as `topic`.
   */
  async topicWith(
    name: string,
    partitionCount: number,
    limits: CallLimits,
  ): Promise<TopicMetadata> {
    const { clock, random } = this.#dependencies;
    const deadline = clock.monotonic() + limits.timeoutMs;
    for (let attempts = 1; ; attempts++) {
      const timeoutMs = deadline - clock.monotonic();
      const known = await this.topic(name, { ...limits, timeoutMs });
      if (known.partitionCount >= partitionCount) return known;
      const pauseMs = backoffDelayMs(attempts, this.#options, random);
      if (clock.monotonic() + pauseMs >= deadline) {
        throw unknownPartition(
          { topic: name, partition: partitionCount - 1 },
          known.partitionCount,
        );
      }
      await this.#pause(pauseMs, limits.signal);
      await this.#lookFor(name, deadline, limits.signal);
    }
  }

  /** Why the last answer had no such topic, if it had none. */
  missing(name: string): ZoologError | undefined {
    return this.#missing.get(name);
  }

  /** The leader's base URL, if both the leader and its address are known. */
  leaderOf(
    tp: TopicPartition,
  ): { readonly endpoint: string; readonly leaderEpoch: LeaderEpoch } | undefined {
    const partition = this.cachedTopic(tp.topic)?.partitions[tp.partition];
    if (partition?.leader === undefined) return undefined;
    const endpoint = this.#endpoints.get(partition.leader);
    return endpoint === undefined ? undefined : { endpoint, leaderEpoch: partition.leaderEpoch };
  }

  /** The base URL of a broker, if it is known. */
  endpointOf(broker: BrokerId): string | undefined {
    return this.#endpoints.get(broker);
  }

  /** A broker refused and said who leads now. */
  noteLeader(
    tp: TopicPartition,
    hint: { readonly brokerId: BrokerId; readonly leaderEpoch: LeaderEpoch },
  ): void {
    const known = this.#topics.get(tp.topic);
    if (known === undefined) return;
    this.#topics.set(tp.topic, withLeader(known, tp.partition, hint));
    this.#version += 1;
  }

  refreshSoon(topics: readonly string[]): void {
    runInBackground("refresh metadata", this.#dependencies.logger, async () => {
      // A failure shows where it matters: the leader stays unknown, and its records time out.
      await this.refresh(topics).catch(() => {});
    });
  }

  /** Asks for these topics. Requests that come while one is under way share the next one. */
  refresh(topics: readonly string[]): Promise<void> {
    for (const name of topics) this.#wanted.add(name);
    this.#queued ??= this.#refreshAfter(this.#running);
    return this.#queued;
  }

  /**
   * One call that every broker can answer: tries them in turn, with back-off after each round,
   * until one answers, refuses for good, or time is up.
   */
  async anyBroker<Call extends NativeCall>(
    call: Call,
    request: NativeRequest<Call>,
    limits: CallLimits,
    attemptTimeoutMs: number = this.#options.requestTimeoutMs,
  ): Promise<NativeResponse<Call>> {
    const options = { ...this.#options, requestTimeoutMs: attemptTimeoutMs, call, limits };
    const attempts = new CallAttempts(options, this.#dependencies);
    for (;;) {
      throwIfAborted(limits.signal);
      const endpoints = this.#knownEndpoints();
      const endpoint = endpoints[this.#rotation % endpoints.length] as string;
      const attempt = attempts.next();
      try {
        return await this.#dependencies.calls.call(endpoint, call, request, attempt);
      } catch (error) {
        if (this.#closing.signal.aborted || !isRetriable(error)) throw error;
        this.#rotation += 1;
        const pauseMs = attempts.failed(error, attempt, endpoints);
        if (pauseMs > 0) await this.#pause(pauseMs, limits.signal);
      }
    }
  }

  /** What was answered is wrong by now: whoever answered has an old picture, and others may not. */
  askAnother(): void {
    this.#rotation += 1;
  }

  /** Ends waits that are under way. Idempotent. */
  close(): void {
    this.#closing.abort(alreadyClosed("client"));
  }

  /** Asks for one topic once; answers why it is not known after that. */
  async #lookFor(
    name: string,
    deadline: number,
    signal: AbortSignalLike | undefined,
  ): Promise<ZoologError | undefined> {
    const { clock, scheduler } = this.#dependencies;
    const timeout = new CallAbort();
    const remainingMs = Math.max(1, Math.ceil(deadline - clock.monotonic()));
    const late = callTimedOut("metadata", remainingMs, undefined);
    const timer = scheduler.after(remainingMs, () => timeout.abort(late));
    try {
      await abortable(abortable(this.refresh([name]), timeout.signal), signal);
    } catch (error) {
      throwIfAborted(signal);
      if (error === late || !isRetriable(error)) throw error;
      return error as ZoologError;
    } finally {
      timer.cancel();
    }
    return this.#topics.has(name) ? undefined : this.#missing.get(name);
  }

  async #refreshAfter(running: Promise<void>): Promise<void> {
    const { clock } = this.#dependencies;
    await running.catch(() => {});
    const waitMs = this.#refreshedAt + REFRESH_INTERVAL_MIN_MS - clock.monotonic();
    if (waitMs > 0) await this.#pause(waitMs, undefined);
    const topics = [...this.#wanted];
    this.#wanted = new Set();
    this.#queued = undefined;
    this.#refreshedAt = clock.monotonic();
    this.#running = this.#learn(topics);
    await this.#running;
  }

  async #learn(topics: readonly string[]): Promise<void> {
    // Once for each time that a producer asks: looking again at what was deleted shall not bring it back.
    const [creatable, others]: [string[], string[]] = [[], []];
    for (const name of topics) (this.#creatable.delete(name) ? creatable : others).push(name);
    if (creatable.length > 0) this.#take(await this.#metadata(creatable, true));
    if (others.length > 0 || creatable.length === 0)
      this.#take(await this.#metadata(others, false));
  }

  #metadata(topics: readonly string[], mayCreate: boolean): Promise<MetadataResponse> {
    return this.anyBroker(
      "metadata",
      { topics, allowAutoTopicCreation: mayCreate },
      { timeoutMs: this.#options.requestTimeoutMs, signal: this.#closing.signal },
      Math.min(this.#options.requestTimeoutMs, METADATA_ATTEMPT_TIMEOUT_MS),
    );
  }

  #take(answer: MetadataResponse): void {
    const fetchedAt = this.#dependencies.clock.monotonic();
    this.#version += 1;
    this.#endpoints.clear();
    for (const broker of answer.brokers) this.#endpoints.set(broker.brokerId, broker.url);
    for (const entry of answer.topics) {
      if ("error" in entry) {
        this.#topics.delete(entry.topic);
        this.#remember(this.#missing, entry.topic, itemFailure(entry.topic, entry.error));
      } else {
        this.#missing.delete(entry.topic);
        const merged = mergeTopic(this.#topics.get(entry.topic), entry, fetchedAt);
        this.#remember(this.#topics, entry.topic, merged);
      }
    }
  }

  #remember<T>(cache: Map<string, T>, name: string, value: T): void {
    cache.delete(name);
    cache.set(name, value);
    const [oldest] = cache.keys();
    if (cache.size > TOPICS_CACHED_MAX && oldest !== undefined) cache.delete(oldest);
  }

  /** Brokers that the cluster told of first; the list we began with stays as the last resort. */
  #knownEndpoints(): string[] {
    return [...new Set([...this.#endpoints.values(), ...this.#options.brokers])];
  }

  async #pause(delayMs: number, signal: AbortSignalLike | undefined): Promise<void> {
    const pause = sleep(this.#dependencies.scheduler, delayMs, this.#closing.signal);
    await abortable(pause, signal);
  }
}
