import { type Clock, errorCode, type Logger, runInBackground } from "@zoolog/base";
import type { CallLimits } from "../../cluster/call-attempts.ts";
import type { Cluster } from "../../cluster/cluster.ts";

/** Topics and partitions come and go rarely; the one who assigns looks for them so often, ms. */
const LOOK_EVERY_MS = 30_000;

/**
 * The topics of a classic subscription: which match a pattern, how many partitions they have, and
 * whether that has changed since they were assigned.
 */
export class SubscribedTopics {
  readonly #names: readonly string[] | undefined;
  readonly #pattern: RegExp | undefined;
  readonly #cluster: Cluster;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #onChange: () => void;
  readonly #requestTimeoutMs: number;
  #joinedWith: readonly string[] | undefined;
  /** What the leader has assigned; `undefined` for who does not lead. */
  #assigned: ReadonlyMap<string, number> | undefined;
  #lookedAt: number;
  #isClosed = false;

  constructor(
    options: {
      readonly names: readonly string[] | undefined;
      readonly pattern: string | undefined;
      readonly requestTimeoutMs: number;
    },
    dependencies: {
      readonly cluster: Cluster;
      readonly clock: Clock;
      readonly logger: Logger;
      readonly onChange: () => void;
    },
  ) {
    this.#names = options.names;
    this.#pattern =
      options.pattern === undefined ? undefined : new RegExp(`^(?:${options.pattern})$`, "u");
    this.#requestTimeoutMs = options.requestTimeoutMs;
    this.#cluster = dependencies.cluster;
    this.#clock = dependencies.clock;
    this.#logger = dependencies.logger;
    this.#onChange = dependencies.onChange;
    this.#lookedAt = this.#clock.monotonic();
  }

  /** What to subscribe to now. */
  async names(limits: CallLimits): Promise<readonly string[]> {
    this.#joinedWith = this.#names ?? (await this.#matching(limits));
    return this.#joinedWith;
  }

  /** How many partitions topics have; those that do not exist are missing. */
  async counts(
    topics: readonly string[],
    limits: CallLimits,
  ): Promise<ReadonlyMap<string, number>> {
    const counts = new Map<string, number>();
    for (const topic of new Set(topics)) {
      try {
        counts.set(topic, (await this.#cluster.topic(topic, limits)).partitionCount);
      } catch (error) {
        if (errorCode(error) !== "UNKNOWN_TOPIC_OR_PARTITION") throw error;
        counts.set(topic, 0);
      }
    }
    return counts;
  }

  /** Tells when these are not right any more. */
  watch(assigned: ReadonlyMap<string, number> | undefined): void {
    this.#assigned = assigned;
  }

  /** Looks whether anything has changed, when it is time to. */
  look(): void {
    const now = this.#clock.monotonic();
    if (this.#isClosed || now - this.#lookedAt < LOOK_EVERY_MS) return;
    this.#lookedAt = now;
    if (this.#assigned === undefined && this.#pattern === undefined) return;
    runInBackground("look for topics", this.#logger, async () => {
      const isChanged = await this.#isChanged().catch(() => false);
      if (isChanged && !this.#isClosed) this.#onChange();
    });
  }

  close(): void {
    this.#isClosed = true;
  }

  async #isChanged(): Promise<boolean> {
    const limits = { timeoutMs: this.#requestTimeoutMs };
    const assigned = this.#assigned;
    // Before the pattern: whoever assigns next counts by what is known then.
    if (assigned !== undefined) await this.#cluster.refresh([...assigned.keys()]);
    if (this.#pattern !== undefined) {
      const matching = await this.#matching(limits);
      if (matching.join() !== this.#joinedWith?.join()) return true;
    }
    if (assigned === undefined) return false;
    return [...assigned].some(([topic, count]) => {
      return (this.#cluster.cachedTopic(topic)?.partitionCount ?? 0) !== count;
    });
  }

  async #matching(limits: CallLimits): Promise<string[]> {
    const { topics } = await this.#cluster.anyBroker(
      "metadata",
      { allowAutoTopicCreation: false },
      limits,
    );
    return topics
      .filter((entry) => !("error" in entry || entry.isInternal))
      .map(({ topic }) => topic)
      .filter((topic) => this.#pattern?.test(topic) === true)
      .sort();
  }
}
