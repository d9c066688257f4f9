import {
  type AbortSignalLike,
  type Clock,
  type LeaderEpoch,
  type Logger,
  runInBackground,
  type Scheduler,
  type TopicPartition,
  topicPartitionKey,
  unreachable,
} from "@zoolog/base";
import { claimsCompression } from "@zoolog/protocol";
import type { ProduceTrace } from "../partition/partition-options.ts";
import {
  type AppendOptions,
  type AppendOutcome,
  type PendingAppend,
  type RequiredAcks,
  refused,
} from "../pending-append.ts";
import { replicaError } from "../replica-error.ts";
import { AppendTurns } from "./append-turns.ts";
import type { FindPartition } from "./consumer-fetch.ts";
import type { ReplicaCounters } from "./replica-counters.ts";

export type ProduceBatches = {
  readonly requiredAcks: RequiredAcks;
  /** How long `"all"` may wait for the replicas. */
  readonly timeoutMs: number;
  /** Appended in this order. */
  readonly batches: readonly ProducedRecords[];
  readonly caller?: ProduceCaller | undefined;
};

/** What one partition is to get. */
export type ProducedRecords = TopicPartition & {
  readonly records: Buffer;
  readonly leaderEpoch?: LeaderEpoch | undefined;
};

export type ProduceCaller = {
  /** Aborted: what is not appended yet is dropped. Asked for only when the call has to wait. */
  readonly signal: AbortSignalLike;
  /** Given what must settle before the memory of the batches is free, also behind the answer. */
  holdWhile(task: Promise<unknown>): Promise<unknown>;
};

export type ProduceCallsDependencies = {
  readonly find: FindPartition;
  readonly counters: ReplicaCounters;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly logger: Logger;
  readonly trace?: ProduceTrace | undefined;
};

/**
 * What the compressed batches of one call may inflate to together: four at the limit of one batch, so
 * half a second of work; a request of our producer (8 MiB) would have to shrink to a 32nd.
 */
const INFLATED_BYTES_PER_CALL_MAX = 256 * 1024 * 1024;

const CALLER_GONE = replicaError("REQUEST_TIMED_OUT", "not appended: its caller has hung up");

/** Producers' calls: each batch in its turn to its partition, and the outcomes that were asked for. */
export class ProduceCalls {
  readonly #dependencies: ProduceCallsDependencies;
  readonly #turns: AppendTurns;

  constructor(dependencies: ProduceCallsDependencies) {
    this.#dependencies = dependencies;
    this.#turns = new AppendTurns(dependencies);
  }

  /** The outcomes stand in the order of the batches; with `"none"` nothing is waited for. */
  async produce(request: ProduceBatches): Promise<readonly AppendOutcome[]> {
    const { requiredAcks, timeoutMs, batches, caller } = request;
    const deadline = this.#dependencies.clock.monotonic() + timeoutMs;
    const inflation = { bytesLeft: INFLATED_BYTES_PER_CALL_MAX };
    const pending = await this.#turns.run({
      batches,
      lineOf: topicPartitionKey,
      mayBeSlow: ({ records }) => claimsCompression(records),
      append: (batch) => {
        const { leaderEpoch } = batch;
        return this.#append(batch, { requiredAcks, deadline, leaderEpoch, inflation });
      },
      drop: () => refused(CALLER_GONE),
      isAbandoned: () => caller?.signal.aborted === true,
    });
    switch (requiredAcks) {
      case "none":
        this.#countUnasked(
          pending.map(({ appended }) => appended),
          caller,
        );
        return [];
      case "leader":
        return this.#outcomes(pending.map(({ appended }) => appended));
      case "all":
        return this.#outcomes(pending.map(({ committed }) => committed));
      default:
        return unreachable(requiredAcks);
    }
  }

  #append(batch: ProduceBatches["batches"][number], options: AppendOptions): PendingAppend {
    const found = this.#dependencies.find(batch);
    if ("error" in found) return refused(found);
    this.#dependencies.trace?.("partition found", { topicPartition: found.key });
    return found.appendAsLeader(batch.records, options);
  }

  async #outcomes(pending: Promise<AppendOutcome>[]): Promise<readonly AppendOutcome[]> {
    const { counters } = this.#dependencies;
    const outcomes = await Promise.all(pending);
    for (const { error } of outcomes) if (error !== undefined) counters.refusedBatches += 1;
    return outcomes;
  }

  #countUnasked(appended: Promise<AppendOutcome>[], caller: ProduceCaller | undefined): void {
    const { logger } = this.#dependencies;
    runInBackground("append without acknowledgement", logger, () => {
      const outcomes = this.#outcomes(appended);
      return caller === undefined ? outcomes : caller.holdWhile(outcomes);
    });
  }
}
