import {
  abortable,
  type BrokerId,
  type Clock,
  type Random,
  type Scheduler,
  sleep,
  throwIfAborted,
  topicPartitionKey,
} from "@zoolog/base";
import type { BrokerCalls } from "@zoolog/calls";
import type {
  BrokerEntry,
  ItemError,
  NativeCall,
  NativeRequest,
  NativeResponse,
} from "@zoolog/protocol";
import { requireText } from "../arguments.ts";
import { type BackoffOptions, backoffDelayMs } from "../backoff.ts";
import type { CallLimits } from "../cluster/call-attempts.ts";
import type { Cluster } from "../cluster/cluster.ts";
import { brokerUnknown, callTimedOut, leaderUnknown, unknownPartition } from "../errors.ts";
import { isRetriable, itemFailure, meansStaleMetadata } from "../retriable.ts";

export type DirectedCallsOptions = BackoffOptions & {
  /** One attempt, ms. */
  readonly requestTimeoutMs: number;
};

export type DirectedCallsDependencies = {
  readonly calls: BrokerCalls;
  readonly clock: Clock;
  readonly cluster: Cluster;
  readonly random: Random;
  readonly scheduler: Scheduler;
};

/** What leaders answer for one partition. */
type PartitionAnswer = {
  readonly partition: number;
  readonly error?: ItemError;
  readonly currentLeader?: Parameters<Cluster["noteLeader"]>[1];
};

type Answered<Entry> = Exclude<Entry, { readonly error: unknown }>;

/** Brokers answer such calls from memory: one that takes longer is frozen or gone. */
const ANSWER_TIMEOUT_MS = 3_000;

/**
 * Administrative calls that not every broker can answer: a group's coordinator, the leaders of
 * partitions, one broker about itself. Each goes on until it is answered, refused for good, or time
 * is up, and looks anew for who is responsible.
 */
export class DirectedCalls {
  readonly #options: DirectedCallsOptions;
  readonly #dependencies: DirectedCallsDependencies;

  constructor(options: DirectedCallsOptions, dependencies: DirectedCallsDependencies) {
    this.#options = options;
    this.#dependencies = dependencies;
  }

  /** The live brokers. */
  async brokers(limits: CallLimits): Promise<readonly BrokerEntry[]> {
    const { cluster } = this.#dependencies;
    return (await cluster.anyBroker("describe-cluster", {}, limits)).brokers;
  }

  /** @throws ZoologError `BROKER_NOT_AVAILABLE` when no broker of this id is there. */
  async broker<Call extends NativeCall>(
    brokerId: number,
    call: Call,
    request: NativeRequest<Call>,
    limits: CallLimits,
  ): Promise<NativeResponse<Call>> {
    return await this.#repeated(call, limits, async (attempt) => {
      const brokers = await this.brokers(attempt);
      const entry = brokers.find((broker) => broker.brokerId === brokerId);
      if (entry === undefined) {
        throw brokerUnknown(
          brokerId,
          brokers.map(({ brokerId: id }) => id),
        );
      }
      return await this.#dependencies.calls.call(entry.url, call, request, attempt);
    });
  }

  /** Every live broker, at the same time; by its id. One that does not answer in time fails the call. */
  async everyBroker<Call extends NativeCall>(
    call: Call,
    request: NativeRequest<Call>,
    limits: CallLimits,
  ): Promise<Map<BrokerId, NativeResponse<Call>>> {
    return await this.#repeated(call, limits, async (attempt) => {
      const brokers = await this.brokers(attempt);
      const answers = brokers.map(
        async ({ brokerId, url }) =>
          [brokerId, await this.#dependencies.calls.call(url, call, request, attempt)] as const,
      );
      return new Map(await abortable(Promise.all(answers), limits.signal));
    });
  }

  /** As `everyBroker`, once; who does not answer soon is left out. */
  async answeringBrokers<Call extends NativeCall>(
    call: Call,
    request: NativeRequest<Call>,
    limits: CallLimits,
  ): Promise<Map<BrokerId, NativeResponse<Call>>> {
    const timeoutMs = Math.min(limits.timeoutMs, ANSWER_TIMEOUT_MS);
    const answers = new Map<BrokerId, NativeResponse<Call>>();
    const asks = (await this.brokers(limits)).map(async ({ brokerId, url }) => {
      const attempt = { timeoutMs, signal: limits.signal };
      const answer = await this.#dependencies.calls
        .call(url, call, request, attempt)
        .catch((error: unknown) => {
          if (!isRetriable(error)) throw error;
          return undefined;
        });
      if (answer !== undefined) answers.set(brokerId, answer);
    });
    await abortable(Promise.all(asks), limits.signal);
    return answers;
  }

  /**
   * The coordinator of a group.
   *
   * @param refusal what item of the answer was refused, if any: it is thrown, or tried again.
   */
  async coordinator<Call extends NativeCall>(
    groupId: string,
    call: Call,
    request: NativeRequest<Call>,
    limits: CallLimits,
    refusal: (answer: NativeResponse<Call>) => ItemError | undefined,
  ): Promise<NativeResponse<Call>> {
    requireText("group", groupId);
    const { calls, cluster } = this.#dependencies;
    const where = `group ${groupId}`;
    return await this.#repeated(call, limits, async (attempt) => {
      const lookup = await cluster.anyBroker("find-coordinator", { groups: [groupId] }, attempt);
      const [found] = lookup.groups;
      if (found === undefined || "error" in found) {
        const nobody = { code: "COORDINATOR_NOT_AVAILABLE", message: "no broker coordinates it" };
        throw itemFailure(where, found?.error ?? nobody);
      }
      const answer = await calls.call(found.url, call, request, attempt);
      const refused = refusal(answer);
      if (refused !== undefined) throw itemFailure(where, refused);
      return answer;
    });
  }

  /**
   * The leaders of a topic's partitions, all at the same time; answers per partition. `ask` sends
   * one call for the partitions that one broker leads.
   *
   * @throws ZoologError `UNKNOWN_TOPIC_OR_PARTITION`, or what a leader refuses of any partition.
   */
  async leaders<Entry extends PartitionAnswer>(
    call: NativeCall,
    wanted: { readonly topic: string; readonly partitions: readonly number[] },
    limits: CallLimits,
    ask: (
      endpoint: string,
      partitions: readonly number[],
      attempt: CallLimits,
    ) => Promise<readonly Entry[]>,
  ): Promise<Map<number, Answered<Entry>>> {
    const { cluster } = this.#dependencies;
    const { topic } = wanted;
    const { partitionCount } = await cluster.topic(topic, limits);
    const none = wanted.partitions.find(
      (p) => !(Number.isInteger(p) && p >= 0 && p < partitionCount),
    );
    if (none !== undefined) throw unknownPartition({ topic, partition: none }, partitionCount);
    const found = new Map<number, Answered<Entry>>();
    return await this.#repeated(call, limits, async (attempt) => {
      const missing = wanted.partitions.filter((partition) => !found.has(partition));
      let failure: unknown;
      const asks = this.#byLeader(topic, missing).map(async ([endpoint, partitions]) => {
        try {
          if (endpoint === undefined) throw leaderUnknown(`${topic}-${partitions[0]}`);
          for (const entry of await ask(endpoint, partitions, attempt)) {
            failure = this.#take(topic, entry, found) ?? failure;
          }
        } catch (error) {
          failure = error;
        }
      });
      await abortable(Promise.all(asks), limits.signal);
      if (failure === undefined) return found;
      if (meansStaleMetadata(failure)) cluster.refreshSoon([topic]);
      throw failure;
    });
  }

  #byLeader(topic: string, partitions: readonly number[]): [string | undefined, number[]][] {
    const byLeader = new Map<string | undefined, number[]>();
    for (const partition of partitions) {
      const endpoint = this.#dependencies.cluster.leaderOf({ topic, partition })?.endpoint;
      byLeader.set(endpoint, [...(byLeader.get(endpoint) ?? []), partition]);
    }
    return [...byLeader];
  }

  #take<Entry extends PartitionAnswer>(
    topic: string,
    entry: Entry,
    found: Map<number, Answered<Entry>>,
  ): unknown {
    const { currentLeader, error, partition } = entry;
    if (error === undefined) {
      found.set(partition, entry as Answered<Entry>);
      return undefined;
    }
    if (currentLeader !== undefined) {
      this.#dependencies.cluster.noteLeader({ topic, partition }, currentLeader);
    }
    return itemFailure(topicPartitionKey({ topic, partition }), error);
  }

  async #repeated<T>(
    call: NativeCall,
    limits: CallLimits,
    attempt: (limits: CallLimits) => Promise<T>,
  ): Promise<T> {
    const { clock, random, scheduler } = this.#dependencies;
    const startedAt = clock.monotonic();
    for (let failures = 1; ; failures++) {
      throwIfAborted(limits.signal);
      const remainingMs = Math.ceil(startedAt + limits.timeoutMs - clock.monotonic());
      const timeoutMs = Math.min(this.#options.requestTimeoutMs, Math.max(1, remainingMs));
      try {
        return await attempt({ timeoutMs, signal: limits.signal });
      } catch (error) {
        if (!isRetriable(error) || isNobodyThere(error)) throw error;
        const pauseMs = backoffDelayMs(failures, this.#options, random);
        if (clock.monotonic() - startedAt + pauseMs >= limits.timeoutMs) {
          throw callTimedOut(call, limits.timeoutMs, error);
        }
        await sleep(scheduler, pauseMs, limits.signal);
      }
    }
  }
}

/** All brokers were tried with patience already, or a topic was looked for in vain. */
function isNobodyThere(error: unknown): boolean {
  const { code } = error as { readonly code?: string };
  return code === "BROKER_UNREACHABLE" || code === "UNKNOWN_TOPIC_OR_PARTITION";
}
