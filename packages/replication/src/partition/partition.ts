import {
  type Clock,
  type LeaderEpoch,
  type Offset,
  type Timestamp,
  type TopicId,
  type TopicPartition,
  topicPartitionKey,
  type ZoologError,
} from "@zoolog/base";
import type { ProducerEntry } from "@zoolog/log";
import { CommittedBytes } from "../committed-bytes.ts";
import type { DivergingEpoch } from "../diverging-epoch.ts";
import { refusalOfOffset } from "../follower/consumer-read-verdict.ts";
import type { IsrChangeAnswer, IsrChangeRequest } from "../isr-change.ts";
import type { FetchingReplica } from "../leader/follower-progress.ts";
import {
  judgeReplicaFetch,
  type ReplicaFetch,
  type ReplicaFetchError,
} from "../leader/replica-fetch-verdict.ts";
import { judgeLogFailure } from "../log-failure.ts";
import {
  type ConsumerRead,
  type LeaderRead,
  type LogRead,
  type LogReading,
  type LogReadOutcome,
  readBatches,
  readWithoutBatches,
} from "../log-read.ts";
import type { PartitionLog } from "../partition-log.ts";
import type { AppendOptions, PendingAppend } from "../pending-append.ts";
import type { ReplicaAssignment } from "../replica-assignment.ts";
import { type ReplicaError, replicaError } from "../replica-error.ts";
import { replicaKey } from "../sessions/replica-sessions.ts";
import { LeaderAppends } from "./leader-appends.ts";
import {
  type EpochEnd,
  endOfEpoch,
  findOffset,
  type OffsetAnswer,
  type OffsetQuery,
} from "./partition-offsets.ts";
import type {
  PartitionConfig,
  PartitionDependencies,
  PartitionOptions,
} from "./partition-options.ts";
import { PartitionRole } from "./partition-role.ts";
import type { PartitionState } from "./partition-state.ts";
import { RoleChanges } from "./role-changes.ts";

export type JudgedReplicaFetch = {
  readonly error?: never;
  readonly divergingEpoch: DivergingEpoch | undefined;
  readonly highWatermark: Offset;
  readonly logStartOffset: Offset;
};

/** The leader's part of a deletion is done, and durable. */
export type DeletedHere = {
  readonly error?: never;
  readonly before: Offset;
  readonly leaderEpoch: LeaderEpoch;
};

export type DescribeOffsets = {
  /** Of which the time is asked. */
  readonly offset?: Offset | undefined;
  readonly leaderEpoch?: LeaderEpoch | undefined;
};

export type DescribedOffsets = {
  readonly error?: never;
  readonly logStartOffset: Offset;
  readonly highWatermark: Offset;
  readonly timestamp: Timestamp | undefined;
};

/**
 * One replica of a partition on this broker (states and transitions: `partition-state.ts`): its role,
 * what changes it, and what each role serves.
 */
export class Partition {
  readonly topicPartition: TopicPartition;
  readonly topicId: TopicId;
  /** `"<topic>-<partition>"`: what waiting requests watch. */
  readonly key: string;
  /** What followers' sessions and calls know it by. */
  readonly replicaKey: string;
  readonly #role: PartitionRole;
  readonly #changes: RoleChanges;
  readonly #appends: LeaderAppends;
  readonly #tellDeleted: () => void;
  readonly #clock: Clock;
  readonly #committedBytes = new CommittedBytes();
  #config: PartitionConfig;

  private constructor(
    options: PartitionOptions,
    dependencies: PartitionDependencies,
    state: PartitionState,
  ) {
    this.topicPartition = options.topicPartition;
    this.topicId = options.topicId;
    const key = topicPartitionKey(options.topicPartition);
    this.key = key;
    this.replicaKey = replicaKey(options.topicId, options.topicPartition.partition);
    this.#config = options.config;
    const role = new PartitionRole({ brokerId: options.brokerId, key, state }, dependencies);
    this.#role = role;
    this.#clock = dependencies.clock;
    const config = (): PartitionConfig => this.#config;
    this.#appends = new LeaderAppends({ key }, { ...dependencies, role, config });
    this.#tellDeleted = () => dependencies.emit({ type: "recordsDeleted", by: "leader" });
    this.#changes = new RoleChanges(
      { ...options, key },
      { ...dependencies, role, config, committedBytes: this.#committedBytes },
    );
  }

  /**
   * Opens the log. A log that failed makes an offline partition, not an error.
   *
   * @throws ZoologError what may pass: a full disk, too many open files.
   */
  static async open(
    options: PartitionOptions,
    dependencies: PartitionDependencies,
  ): Promise<Partition> {
    let state: PartitionState;
    try {
      state = { role: "unassigned", log: await dependencies.openLog() };
    } catch (error) {
      const judged = judgeLogFailure(error);
      if ("refusal" in judged) throw error;
      state = { role: "offline", error: judged.failure };
    }
    return new Partition(options, dependencies, state);
  }

  get state(): PartitionState {
    return this.#role.state;
  }

  /** The log, unless it failed or was closed. */
  get log(): PartitionLog | undefined {
    return this.#role.log;
  }

  get config(): PartitionConfig {
    return this.#config;
  }

  /** Bytes committed since this object was made; a parked fetch measures progress by it. */
  get committedBytes(): number {
    return this.#committedBytes.total;
  }

  /** Whether a consumer would be answered bytes from there on. */
  hasCommitted(from: Offset): boolean {
    const { state } = this.#role;
    const isServed = state.role === "leader" || state.role === "follower";
    return isServed && from < state.log.highWatermark;
  }

  /**
   * Appends what a producer sent (Kafka's `Partition.appendRecordsToLeader`): epoch fence, min ISR,
   * the batch's own soundness, then the log. `bytes` belong to the log until `appended` settles.
   */
  appendAsLeader(bytes: Buffer, options: AppendOptions): PendingAppend {
    return this.#appends.append(bytes, options);
  }

  /** Whether a follower would be answered bytes from there on. */
  hasAppended(from: Offset): boolean {
    const { state } = this.#role;
    return state.role === "leader" && from < state.log.logEndOffset;
  }

  /**
   * Reads for a consumer: below the high watermark only. A leader may name a replica that is closer
   * to it instead; a follower serves who names the epoch, which who was sent to it does.
   */
  readForConsumer(request: ConsumerRead): LogReading {
    const { leaderEpoch, rack } = request;
    if (leaderEpoch !== undefined && this.#role.state.role === "follower") {
      return this.#readAsFollower({ ...request, leaderEpoch });
    }
    const closer = rack === undefined ? undefined : this.#sentCloser({ ...request, rack });
    if (closer !== undefined) return closer;
    return this.#readAsLeader(request, (log) => log.highWatermark);
  }

  /** Reads for a follower whose fetch was judged: to the end of the log. */
  readForReplica(request: LeaderRead): LogReading {
    return this.#readAsLeader(request, (log) => log.logEndOffset);
  }

  /**
   * Whether a follower's log is a prefix of this leader's; when it is, its fetch acknowledges what
   * lies before the offset, unless it did so before.
   */
  judgeReplicaFetch(
    fetch: ReplicaFetch,
    follower: FetchingReplica,
    options: { readonly acknowledges: boolean },
  ): ReplicaFetchError | JudgedReplicaFetch {
    const leader = this.#role.leaderAt(fetch.currentLeaderEpoch);
    if ("error" in leader) return leader;
    const verdict = judgeReplicaFetch(leader, fetch, follower);
    if (verdict.error !== undefined) return verdict;
    if (verdict.divergingEpoch === undefined && options.acknowledges) {
      leader.followerFetched(follower, fetch);
    }
    const { highWatermark, logStartOffset } = leader.log;
    const { divergingEpoch } = verdict;
    return { divergingEpoch, highWatermark, logStartOffset };
  }

  /**
   * Moves the log start of this leader forward, durably. Followers are told with their next fetch
   * and follow.
   */
  async deleteRecords(before: Offset | "highWatermark"): Promise<DeletedHere | ReplicaError> {
    const leader = this.#role.leaderAt(undefined);
    if ("error" in leader) return leader;
    const { log, leaderEpoch } = leader;
    const target = before === "highWatermark" ? log.highWatermark : before;
    if (target > log.highWatermark) {
      const message = `offset ${target} is above the high watermark ${log.highWatermark}`;
      return replicaError("OFFSET_OUT_OF_RANGE", message);
    }
    try {
      if (target > log.logStartOffset) await log.deleteBefore(target);
    } catch (error) {
      return this.#role.logFailed(error);
    }
    this.#tellDeleted();
    return { before: target, leaderEpoch };
  }

  /**
   * Where the log lies and, asked for one, when the first record at or after an offset was written:
   * see `PartitionLog.timestampAt` for how exactly. Nothing above the high watermark has a time.
   */
  async describeOffsets(request: DescribeOffsets): Promise<DescribedOffsets | ReplicaError> {
    const leader = this.#role.leaderAt(request.leaderEpoch);
    if ("error" in leader) return leader;
    const { log } = leader;
    try {
      const timestamp =
        request.offset === undefined || request.offset >= log.highWatermark
          ? undefined
          : await log.timestampAt(request.offset);
      const { logStartOffset, highWatermark } = log;
      return { logStartOffset, highWatermark, timestamp };
    } catch (error) {
      return this.#role.logFailed(error);
    }
  }

  /** The idempotent producers that write here, as far as the log remembers. */
  describeProducers(): { readonly producers: readonly ProducerEntry[] } | ReplicaError {
    const leader = this.#role.leaderAt(undefined);
    return "error" in leader ? leader : { producers: leader.log.producers };
  }

  /** Finds an offset by position or by time, as consumers see the log. */
  async findOffset(
    query: OffsetQuery & { readonly leaderEpoch?: LeaderEpoch | undefined },
  ): Promise<OffsetAnswer | ReplicaError> {
    const leader = this.#role.leaderAt(query.leaderEpoch);
    if ("error" in leader) return leader;
    try {
      return await findOffset(leader, query);
    } catch (error) {
      return this.#role.logFailed(error);
    }
  }

  /** Where an epoch ends in this leader's log: how who has read in it finds out what was cut off. */
  endOfEpoch(query: {
    readonly epoch: LeaderEpoch;
    readonly leaderEpoch?: LeaderEpoch | undefined;
  }): EpochEnd | ReplicaError {
    const leader = this.#role.leaderAt(query.leaderEpoch);
    return "error" in leader ? leader : endOfEpoch(leader, query.epoch);
  }

  /**
   * Follows the cluster image. Assignments are taken one after the other; stale ones are ignored.
   * Rejects when the log refused; unless that took the replica offline, the same assignment may be
   * given again.
   */
  assign(assignment: ReplicaAssignment): Promise<void> {
    return this.#changes.assign(assignment);
  }

  configure(config: PartitionConfig): void {
    this.#config = config;
    this.log?.configure(config.log);
    // A lower min.insync.replicas may commit what was held back.
    const { state } = this.#role;
    if (state.role === "leader") state.advanceHighWatermark();
  }

  /** What the controller said to a change that `isrChangeWanted` asked for. */
  isrChangeAnswered(request: IsrChangeRequest, answer: IsrChangeAnswer): void {
    const { state } = this.#role;
    if (state.role !== "leader" || state.leaderEpoch !== request.leaderEpoch) return;
    state.isrChangeAnswered(request, answer);
  }

  /** Takes the replica offline: its log cannot be trusted any more. */
  fail(cause: ZoologError): void {
    this.#role.fail(cause);
  }

  /** Ends all service. The log stays open: who opened it closes or deletes it. */
  close(): void {
    this.#role.enter({ role: "closed" });
  }

  #sentCloser(request: ConsumerRead & { readonly rack: string }): LogRead | undefined {
    const leader = this.#role.leaderAt(request.leaderEpoch);
    if ("error" in leader || request.fetchOffset < leader.log.logStartOffset) return undefined;
    const preferredReadReplica = leader.closestReplica(request);
    if (preferredReadReplica === undefined) return undefined;
    const { highWatermark, logStartOffset } = leader.log;
    return { batches: [], sizeInBytes: 0, highWatermark, logStartOffset, preferredReadReplica };
  }

  #readAsFollower(request: ConsumerRead & { readonly leaderEpoch: LeaderEpoch }): LogReading {
    const { fetchOffset, leaderEpoch } = request;
    const following = this.#role.followerAt(leaderEpoch, this.#clock.monotonic());
    if ("error" in following) return following;
    const { log } = following;
    return refusalOfOffset(log, fetchOffset) ?? this.#read(log, request, log.highWatermark);
  }

  #readAsLeader(request: LeaderRead, upTo: (log: PartitionLog) => Offset): LogReading {
    const leader = this.#role.leaderAt(request.leaderEpoch);
    if ("error" in leader) return leader;
    return this.#read(leader.log, request, upTo(leader.log));
  }

  #read(log: PartitionLog, request: LeaderRead, upTo: Offset): LogReading {
    return readWithoutBatches(log, request, upTo) ?? this.#readBatches(log, request, upTo);
  }

  async #readBatches(
    log: PartitionLog,
    request: LeaderRead,
    upTo: Offset,
  ): Promise<LogReadOutcome> {
    try {
      return await readBatches(log, request, upTo);
    } catch (error) {
      return this.#role.logFailed(error);
    }
  }
}
