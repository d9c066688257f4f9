import {
  type BrokerId,
  type Clock,
  type LeaderEpoch,
  type Logger,
  type Offset,
  offset,
  SerialQueue,
  type TopicId,
  type TopicPartition,
  topicPartitionKey,
  unreachable,
  type ZoologError,
} from "@zoolog/base";
import type { AppendInfo, LogConfig } from "@zoolog/log";
import { type RecordBatch, validateProducedBatch } from "@zoolog/protocol";
import { CommittedBytes } from "./committed-bytes.ts";
import { leaderEpochBehindLog } from "./errors.ts";
import { Following } from "./follower/following.ts";
import { type Authority, withheld } from "./leader/authority.ts";
import type { IsrChangeAnswer, IsrChangeRequest } from "./leader/isr-change.ts";
import type { LiveBrokers } from "./leader/isr-rules.ts";
import { Leadership } from "./leader/leadership.ts";
import {
  type DivergingEpoch,
  judgeReplicaFetch,
  type ReplicaFetch,
  type ReplicaFetchError,
} from "./leader/replica-fetch-verdict.ts";
import { notLeader, requireLeader, type Self } from "./leader-fence.ts";
import { isDamage, judgeLogFailure, storageError } from "./log-failure.ts";
import { type LeaderRead, type LogRead, type LogReadError, readLog } from "./log-read.ts";
import type { PartitionEvent } from "./partition-event.ts";
import type { PartitionLog } from "./partition-log.ts";
import { findOffset, type OffsetAnswer, type OffsetQuery } from "./partition-offsets.ts";
import { compareAssignment, type PartitionState } from "./partition-state.ts";
import {
  type AppendOptions,
  type AppendOutcome,
  awaitCommit,
  type PendingAppend,
  type RequiredAcks,
  refused,
} from "./pending-append.ts";
import type { Purgatory } from "./purgatory.ts";
import type { ReplicaAssignment } from "./replica-assignment.ts";
import { type ReplicaError, replicaError } from "./replica-error.ts";

/** Settings of the topic that the partition and its log obey. */
export type PartitionConfig = {
  readonly minInsyncReplicas: number;
  /** `max.message.bytes`: the largest batch, as it travels. */
  readonly messageBytesMax: number;
  /** `message.timestamp.type=LogAppendTime`: records get the time of their append. */
  readonly stampOnAppend: boolean;
  readonly log: LogConfig;
};

export type PartitionOptions = {
  readonly topicPartition: TopicPartition;
  readonly topicId: TopicId;
  readonly brokerId: BrokerId;
  readonly config: PartitionConfig;
  /** `replica.lag.time.max.ms`: who was not caught up for longer is not in sync. */
  readonly lagTimeMaxMs: number;
};

export type PartitionDependencies = {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly openLog: () => Promise<PartitionLog>;
  /** An empty log in place of the one that failed, which is put aside. */
  readonly startLogOver: () => Promise<PartitionLog>;
  /** Where `acks=all` appends wait for the high watermark. */
  readonly commits: Purgatory;
  readonly emit: (event: PartitionEvent) => void;
  /** Asked before each acknowledgement. */
  readonly authority: () => Authority;
  /** The brokers of the cluster image. */
  readonly brokers: () => LiveBrokers;
  readonly trace?: ((hop: string, fields: Readonly<Record<string, unknown>>) => void) | undefined;
};

export type JudgedReplicaFetch = {
  readonly error?: never;
  readonly divergingEpoch: DivergingEpoch | undefined;
  readonly highWatermark: Offset;
  readonly logStartOffset: Offset;
};

/** Transitions that may wait for each other: a new image every few milliseconds at worst. */
const TRANSITIONS_WAITING_MAX = 1_000;

/** One replica of a partition on this broker (states and transitions: `partition-state.ts`). */
export class Partition {
  readonly topicPartition: TopicPartition;
  readonly topicId: TopicId;
  /** `"<topic>-<partition>"`: what waiting requests watch. */
  readonly key: string;
  readonly #self: Self;
  readonly #options: PartitionOptions;
  readonly #dependencies: PartitionDependencies;
  readonly #transitions = new SerialQueue({ waitingMax: TRANSITIONS_WAITING_MAX });
  readonly #committedBytes = new CommittedBytes();
  #config: PartitionConfig;
  #state: PartitionState;
  /** An epoch is being written down; an append of the old one must not slip in behind it. */
  #electing = false;

  private constructor(
    options: PartitionOptions,
    dependencies: PartitionDependencies,
    state: PartitionState,
  ) {
    this.topicPartition = options.topicPartition;
    this.topicId = options.topicId;
    this.key = topicPartitionKey(options.topicPartition);
    this.#self = { brokerId: options.brokerId, key: this.key };
    this.#options = options;
    this.#config = options.config;
    this.#dependencies = dependencies;
    this.#state = state;
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
    return this.#state;
  }

  /** The log, unless it failed or was closed. */
  get log(): PartitionLog | undefined {
    return "log" in this.#state ? this.#state.log : undefined;
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
    return this.#state.role === "leader" && from < this.#state.log.highWatermark;
  }

  /**
   * Appends what a producer sent (Kafka's `Partition.appendRecordsToLeader`): epoch fence, min ISR,
   * the batch's own soundness, then the log. `bytes` belong to the log until `appended` settles.
   */
  appendAsLeader(bytes: Buffer, options: AppendOptions): PendingAppend {
    const leader = this.#leaderAt(options.leaderEpoch);
    if ("error" in leader) return refused(leader);
    const tooFew = options.requiredAcks === "all" ? leader.missingReplicas() : undefined;
    if (tooFew !== undefined) return refused(replicaError("NOT_ENOUGH_REPLICAS", tooFew));
    const { inflation } = options;
    const checked = validateProducedBatch(bytes, {
      batchBytesMax: this.#config.messageBytesMax,
      walk: "all",
      ...(inflation && { inflation }),
    });
    if (checked.error !== undefined) return refused(checked);
    if (this.#config.stampOnAppend)
      checked.batch.stampLogAppendTime(this.#dependencies.clock.now());
    this.#dependencies.trace?.("append accepted", { topicPartition: this.key });
    const appended = this.#append(leader, checked.batch, options.requiredAcks);
    if (options.requiredAcks !== "all") return { appended, committed: appended };
    const verdict = (info: AppendInfo) => this.#commitVerdict(info, leader.leaderEpoch);
    const wait = { appended, verdict, key: this.key, deadline: options.deadline };
    return { appended, committed: awaitCommit(wait, this.#dependencies.commits) };
  }

  /** Whether a follower would be answered bytes from there on. */
  hasAppended(from: Offset): boolean {
    return this.#state.role === "leader" && from < this.#state.log.logEndOffset;
  }

  /** Reads for a consumer: below the high watermark only. */
  readForConsumer(request: LeaderRead): Promise<LogRead | LogReadError> {
    return this.#read(request, (log) => log.highWatermark);
  }

  /** Reads for a follower whose fetch was judged: to the end of the log. */
  readForReplica(request: LeaderRead): Promise<LogRead | LogReadError> {
    return this.#read(request, (log) => log.logEndOffset);
  }

  /**
   * Whether a follower's log is a prefix of this leader's; when it is, its fetch acknowledges what
   * lies before the offset, unless it did so before.
   */
  judgeReplicaFetch(
    fetch: ReplicaFetch,
    options: { readonly acknowledges: boolean },
  ): ReplicaFetchError | JudgedReplicaFetch {
    const leader = this.#leaderAt(fetch.currentLeaderEpoch);
    if ("error" in leader) return leader;
    const verdict = judgeReplicaFetch(leader, fetch);
    if (verdict.error !== undefined) return verdict;
    if (verdict.divergingEpoch === undefined && options.acknowledges) {
      leader.followerFetched(fetch.follower, fetch);
    }
    const { highWatermark, logStartOffset } = leader.log;
    return { ...verdict, highWatermark, logStartOffset };
  }

  /** Finds an offset by position or by time, as consumers see the log. */
  async findOffset(
    query: OffsetQuery & { readonly leaderEpoch?: LeaderEpoch | undefined },
  ): Promise<OffsetAnswer | ReplicaError> {
    const leader = this.#leaderAt(query.leaderEpoch);
    if ("error" in leader) return leader;
    try {
      return await findOffset(leader, query);
    } catch (error) {
      return this.#logFailed(error);
    }
  }

  /**
   * Follows the cluster image. Assignments are taken one after the other; stale ones are ignored.
   * Rejects when the log refused; unless that took the replica offline, the same assignment may be
   * given again.
   */
  assign(assignment: ReplicaAssignment): Promise<void> {
    return this.#transitions.run(() => this.#transition(assignment));
  }

  configure(config: PartitionConfig): void {
    this.#config = config;
    this.log?.configure(config.log);
    // A lower min.insync.replicas may commit what was held back.
    if (this.#state.role === "leader") this.#state.advanceHighWatermark();
  }

  /** What the controller said to a change that `isrChangeWanted` asked for. */
  isrChangeAnswered(request: IsrChangeRequest, answer: IsrChangeAnswer): void {
    const state = this.#state;
    if (state.role !== "leader" || state.leaderEpoch !== request.leaderEpoch) return;
    state.isrChangeAnswered(request, answer);
  }

  /** Takes the replica offline, for good: its log cannot be trusted any more. */
  fail(cause: ZoologError): void {
    if (this.#state.role === "offline" || this.#state.role === "closed") return;
    const error = storageError(cause);
    this.#enter({ role: "offline", error });
    this.#emit({ type: "replicaFailed", error });
  }

  /** Ends all service. The log stays open: who opened it closes or deletes it. */
  close(): void {
    this.#enter({ role: "closed" });
  }

  async #read(
    request: LeaderRead,
    upTo: (log: PartitionLog) => Offset,
  ): Promise<LogRead | LogReadError> {
    const leader = this.#leaderAt(request.leaderEpoch);
    if ("error" in leader) return leader;
    try {
      return await readLog(leader.log, request, upTo(leader.log));
    } catch (error) {
      return this.#logFailed(error);
    }
  }

  async #append(
    leader: Leadership,
    batch: RecordBatch,
    requiredAcks: RequiredAcks,
  ): Promise<AppendOutcome> {
    const { sizeInBytes, recordCount } = batch;
    let info: AppendInfo;
    try {
      info = await leader.log.append([batch], { leaderEpoch: leader.leaderEpoch });
    } catch (error) {
      return this.#logFailed(error);
    }
    this.#dependencies.trace?.("batch appended", { topicPartition: this.key, ...info });
    const state = this.#stillLeading(leader.leaderEpoch);
    if ("error" in state) return state;
    // A duplicate was counted when it came first; with acks=all it waits for the same commit.
    if (info.duplicate !== true) {
      this.#emit({ type: "batchAppended", recordCount, sizeInBytes });
      state.appended(offset(info.lastOffset + 1), sizeInBytes);
    }
    const { length: replicas } = state.replicas;
    if (requiredAcks === "all") return info;
    return withheld(this.#dependencies.authority(), { requiredAcks, replicas }) ?? info;
  }

  /** What became of an append, or nothing as long as that is open. */
  #commitVerdict(info: AppendInfo, leaderEpoch: LeaderEpoch): AppendOutcome | undefined {
    const state = this.#stillLeading(leaderEpoch);
    if ("error" in state) return state;
    if (state.log.highWatermark > info.lastOffset) {
      const { length: replicas } = state.replicas;
      return withheld(this.#dependencies.authority(), { requiredAcks: "all", replicas }) ?? info;
    }
    const tooFew = state.missingReplicas();
    if (tooFew === undefined) return undefined;
    return replicaError("NOT_ENOUGH_REPLICAS_AFTER_APPEND", tooFew);
  }

  /**
   * The leadership now, if this broker has led ever since that epoch. Whoever followed in between may
   * have cut the log, and something else may stand at the same offsets.
   */
  #stillLeading(since: LeaderEpoch): Leadership | ReplicaError {
    const state = this.#state;
    return state.role === "leader" && state.ledSince <= since ? state : this.#notLeader();
  }

  async #transition(assignment: ReplicaAssignment): Promise<void> {
    const state = this.#state;
    if (state.role === "closed") return;
    if (state.role === "offline") return await this.#rebuild(state.error, assignment);
    const news = compareAssignment(state, assignment);
    switch (news) {
      case "known":
      case "stale":
        return;
      case "sameEpoch":
        this.#changeIsr(assignment);
        return;
      case "newEpoch":
        if (assignment.leader === this.#self.brokerId)
          await this.#becomeLeader(state.log, assignment);
        else await this.#becomeFollower(state, assignment);
        return;
      default:
        unreachable(news);
    }
  }

  /**
   * A replica whose records are damaged is made anew from the leader's, once others are in sync without
   * it: all that is committed is there. As the last one in the ISR its damaged records are the best
   * that there are, and an operator decides.
   */
  async #rebuild(error: ZoologError, assignment: ReplicaAssignment): Promise<void> {
    const { leader, isr } = assignment;
    const { brokerId } = this.#self;
    const isElsewhere = leader !== undefined && leader !== brokerId && !isr.includes(brokerId);
    if (!isElsewhere || !isDamage(error)) return;
    const log = await this.#dependencies.startLogOver();
    log.configure(this.#config.log);
    if (this.#state.role !== "offline") return;
    this.#state = { role: "unassigned", log };
    await this.#becomeFollower(this.#state, assignment);
  }

  /**
   * The epoch is written down before anything is appended in it (KAFKA-7415), and entered as the
   * last step: a transition that failed half-way must not look done when it is tried again
   * (KAFKA-9307).
   */
  async #becomeLeader(log: PartitionLog, assignment: ReplicaAssignment): Promise<void> {
    this.#electing = true;
    try {
      const written = log.leaderEpochs.latest;
      if (written !== undefined && written > assignment.leaderEpoch) {
        const epochs = { assigned: assignment.leaderEpoch, written };
        throw leaderEpochBehindLog(this.topicPartition, epochs);
      }
      await log.assignLeaderEpoch(assignment.leaderEpoch);
      // What a crash left in the page cache is shown to consumers now, so it has to be safe now.
      if (this.#config.log.flush === "fsync") await log.flush();
    } catch (error) {
      this.#logFailed(error);
      throw error;
    } finally {
      this.#electing = false;
    }
    if (this.#state.role === "offline" || this.#state.role === "closed") return;
    const before = this.#state;
    const ledSince = before.role === "leader" ? before.ledSince : assignment.leaderEpoch;
    const leadership = new Leadership(
      { ...this.#options, log, assignment, ledSince },
      {
        ...this.#dependencies,
        minInsyncReplicas: () => this.#config.minInsyncReplicas,
        committedBytes: this.#committedBytes,
        lagTimeMaxMs: this.#options.lagTimeMaxMs,
      },
    );
    this.#committedBytes.restart();
    this.#enter(leadership);
    leadership.advanceHighWatermark();
  }

  /**
   * Entered as the last step, when the former epoch's last answer has been applied: else its records
   * could come behind what the new leader was told.
   */
  async #becomeFollower(
    state: Extract<PartitionState, { readonly log: PartitionLog }>,
    assignment: ReplicaAssignment,
  ): Promise<void> {
    const { log } = state;
    this.#electing = true;
    try {
      if (state.role === "follower") await state.idle();
      // What a crash left in the page cache is acknowledged by the first fetch.
      if (this.#config.log.flush === "fsync") await log.flush();
    } catch (error) {
      this.#logFailed(error);
      throw error;
    } finally {
      this.#electing = false;
    }
    if (this.#state.role === "offline" || this.#state.role === "closed") return;
    const { partition } = this.topicPartition;
    const { topicId, key } = this;
    const { clock, logger } = this.#dependencies;
    const following = new Following(
      { key, topicId, partition, log, assignment },
      {
        clock,
        logger,
        isCurrent: (asking) => this.#state === asking && !this.#electing,
        onLogError: (error) => void this.#logFailed(error),
      },
    );
    this.#enter(following);
  }

  /** No epoch begins. */
  #changeIsr(assignment: ReplicaAssignment): void {
    const state = this.#state;
    if (state.role === "follower" || state.role === "leader") state.changeIsr(assignment);
  }

  #leaderAt(leaderEpoch: LeaderEpoch | undefined): Leadership | ReplicaError {
    return this.#electing ? this.#notLeader() : requireLeader(this.#state, this.#self, leaderEpoch);
  }

  #notLeader(): ReplicaError {
    return notLeader(this.#state, this.#self);
  }

  /** Takes the replica offline when the log is beyond use; says what the caller is answered. */
  #logFailed(error: unknown): ReplicaError {
    const judged = judgeLogFailure(error);
    if ("refusal" in judged) return judged.refusal;
    this.fail(judged.failure);
    return replicaError("KAFKA_STORAGE_ERROR", judged.failure.message);
  }

  #enter(state: PartitionState): void {
    this.#state = state;
    this.#emit({ type: "roleChanged" });
  }

  #emit(event: PartitionEvent): void {
    this.#dependencies.emit(event);
  }
}
