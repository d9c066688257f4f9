import {
  type BrokerEpoch,
  type BrokerId,
  brokerEpoch,
  errorCode,
  errorMessage,
  type Logger,
  type Random,
  runInBackground,
  type Scheduler,
  type TopicId,
  topicPartitionKey,
} from "@zoolog/base";
import type { AlterPartitionEvent, AlterPartitionResponse } from "@zoolog/controller";
import type { IsrChangeAnswer, IsrChangeRequest, IsrChanges } from "@zoolog/replication";

export type IsrRuntimeDependencies = {
  readonly submit: (
    event: Omit<AlterPartitionEvent, "requestId">,
  ) => Promise<AlterPartitionResponse>;
  /** `ReplicaManager.isrChangeAnswered`. */
  readonly answered: (change: IsrChangeRequest, answer: IsrChangeAnswer) => void;
  readonly brokerEpoch: () => BrokerEpoch | undefined;
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly logger: Logger;
};

/** Partitions that one call may ask about (`CLUSTER_LIST_ITEMS_MAX` of the protocol). */
const CHANGES_PER_CALL_MAX = 100_000;

const PAUSE_FIRST_MS = 50;
const PAUSE_MAX_MS = 2_000;

/**
 * For a member that is on record already: the controller keeps the epoch it knows, and looks at this
 * one only of those who join.
 */
const ON_RECORD: BrokerEpoch = brokerEpoch(0);

/**
 * Carries wishes for another ISR to the controller (KIP-497): all that have come together in one
 * call, one call at a time, so that thousands of partitions cost one, and none overtakes another.
 *
 * With ZooKeeper away the controller cannot write: the calls fail or wait, nothing is answered but
 * failures, and so the ISR is frozen and the maximal one goes on to count.
 */
export class IsrRuntime implements IsrChanges {
  readonly #brokerId: BrokerId;
  readonly #dependencies: IsrRuntimeDependencies;
  /** By partition: a newer wish takes the place of one that was not sent yet. */
  readonly #waiting = new Map<string, IsrChangeRequest>();
  #isRunning = false;
  #isClosed = false;
  #failures = 0;

  constructor(options: { readonly brokerId: BrokerId }, dependencies: IsrRuntimeDependencies) {
    this.#brokerId = options.brokerId;
    this.#dependencies = dependencies;
  }

  request(change: IsrChangeRequest): void {
    if (this.#isClosed) return;
    this.#waiting.set(topicPartitionKey(change.topicPartition), change);
    if (this.#isRunning) return;
    this.#isRunning = true;
    // What is asked for in the same turn goes in the same call.
    this.#dependencies.scheduler.soon(() => this.#run());
  }

  /** What waits is not asked for any more; leaders here are about to end. */
  close(): void {
    this.#isClosed = true;
    this.#waiting.clear();
  }

  #run(): void {
    const { logger } = this.#dependencies;
    runInBackground("ask for another ISR", logger, async () => {
      await this.#send();
      const pauseMs = this.#pauseMs();
      if (this.#waiting.size === 0 || this.#isClosed) this.#isRunning = false;
      else if (pauseMs === 0) this.#run();
      else this.#dependencies.scheduler.after(pauseMs, () => this.#run());
    });
  }

  async #send(): Promise<void> {
    const changes = [...this.#waiting.values()].slice(0, CHANGES_PER_CALL_MAX);
    for (const { topicPartition } of changes) {
      this.#waiting.delete(topicPartitionKey(topicPartition));
    }
    const epoch = this.#dependencies.brokerEpoch();
    if (epoch === undefined) return this.#refuse(changes, "STALE_BROKER_EPOCH");
    try {
      const response = await this.#dependencies.submit(this.#event(changes, epoch));
      this.#failures = response.error === undefined ? 0 : this.#failures + 1;
      if (response.error !== undefined) return this.#refuse(changes, response.error.code);
      this.#answer(changes, response);
    } catch (error) {
      this.#failures += 1;
      const fields = { partitions: changes.length, error: errorMessage(error) };
      this.#dependencies.logger.debug("ISR changes not decided", fields);
      this.#refuse(changes, errorCode(error) ?? "UNKNOWN_SERVER_ERROR");
    }
  }

  #event(
    changes: readonly IsrChangeRequest[],
    epoch: BrokerEpoch,
  ): Omit<AlterPartitionEvent, "requestId"> {
    return {
      type: "alterPartition",
      brokerId: this.#brokerId,
      brokerEpoch: epoch,
      changes: changes.map(({ topicPartition, topicId, leaderEpoch, partitionEpoch, isr }) => ({
        topicId,
        partition: topicPartition.partition,
        leaderEpoch,
        partitionEpoch,
        isr: isr.map((member) => ({
          brokerId: member.brokerId,
          brokerEpoch: member.brokerEpoch ?? ON_RECORD,
        })),
      })),
    };
  }

  #answer(changes: readonly IsrChangeRequest[], { partitions }: AlterPartitionResponse): void {
    const answers = new Map(
      partitions.map((altered) => [keyOf(altered.topicId, altered.partition), altered]),
    );
    for (const change of changes) {
      const altered = answers.get(keyOf(change.topicId, change.topicPartition.partition));
      if (altered === undefined) this.#refuse([change], "UNKNOWN_SERVER_ERROR");
      else if (altered.error !== undefined) this.#refuse([change], altered.error.code);
      else {
        const { leaderEpoch, isr } = altered.state;
        const { partitionEpoch } = altered;
        this.#dependencies.answered(change, { leaderEpoch, partitionEpoch, isr });
      }
    }
  }

  #refuse(changes: readonly IsrChangeRequest[], error: string): void {
    for (const change of changes) this.#dependencies.answered(change, { error });
  }

  /** With jitter: after a change of controller the leaders of a whole cluster ask at once. */
  #pauseMs(): number {
    if (this.#failures === 0) return 0;
    const pauseMs = Math.min(PAUSE_MAX_MS, PAUSE_FIRST_MS * 2 ** (this.#failures - 1));
    return pauseMs * (0.5 + this.#dependencies.random.next() / 2);
  }
}

function keyOf(topicId: TopicId, partition: number): string {
  return `${topicId} ${partition}`;
}
