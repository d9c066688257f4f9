import {
  assert,
  type BrokerId,
  type Clock,
  errorCode,
  errorMessage,
  type LeaderEpoch,
  type Logger,
  type Offset,
  offset,
  type PartitionEpoch,
  type TopicId,
} from "@zoolog/base";
import type { ReplicateRequest, ReplicateResponse } from "@zoolog/protocol";
import type { CommittedBytes } from "../committed-bytes.ts";
import type { PartitionEvent } from "../partition-event.ts";
import type { PartitionLog } from "../partition-log.ts";
import type { ReplicaAssignment } from "../replica-assignment.ts";
import { backoffMs } from "./fetch-backoff.ts";
import type { FollowerState } from "./follower-state.ts";
import { truncationPoint } from "./truncation-point.ts";

type PositionAsked = ReplicateRequest["topics"][number]["partitions"][number];
/** What a follower asks for; with the epochs, it asks whether its log is a prefix of the leader's. */
export type FetchPosition = Omit<PositionAsked, "partition" | "partitionMaxBytes">;

export type LeaderAnswer = ReplicateResponse["topics"][number]["partitions"][number];
type LeaderRecords = Exclude<LeaderAnswer, { readonly error: unknown }>;
type LeaderError = Exclude<LeaderAnswer, LeaderRecords>;

export type FollowingOptions = {
  readonly key: string;
  readonly topicId: TopicId;
  readonly partition: number;
  readonly log: PartitionLog;
  readonly assignment: ReplicaAssignment;
};

export type FollowingDependencies = {
  readonly clock: Clock;
  readonly logger: Logger;
  /** False from the moment at which another role or epoch begins. */
  readonly isCurrent: (following: Following) => boolean;
  /** Takes the replica offline when its log is beyond use; else it is tried again later. */
  readonly onLogError: (error: unknown) => void;
  readonly committedBytes: CommittedBytes;
  readonly emit: (event: PartitionEvent) => void;
};

/** Who asks the leader for this partition. */
export type LeaderContact = {
  /** Monotonic: an answer that came later than this is a sign that the leader is in reach. */
  readonly answeredAt: number;
  /** How long an answer may stay away when there is no news. */
  readonly answerWithinMs: number;
};

/** Beyond what an answer may stay away: a slow disk or a busy machine is no lost leader. */
const SILENCE_MAX_MS = 2_000;

/** Refetches of bytes that arrived damaged before somebody should look at the leader's disk. */
const CORRUPT_ANSWERS_MAX = 5;

/**
 * One leader epoch of one partition on a follower.
 *
 * | phase | answer | next |
 * | --- | --- | --- |
 * | `reconciling`: nobody said yet that our log is a prefix of the leader's | diverging | cut, ask again: `reconciling` |
 * | `reconciling` | records, or none | `fetching` |
 * | `fetching` | records | appended; then the high watermark |
 * | any | OFFSET_OUT_OF_RANGE | start over at the leader's log start, or wait: `reconciling` |
 * | any | another error, or bytes that do not fit | the same again, after a while |
 *
 * Invariant: at most one answer is being applied, and it is dropped unless the log is still where the
 * question found it. Ownership is looked at again after each await (KAFKA-13207).
 */
export class Following implements FollowerState {
  readonly role = "follower";
  readonly log: PartitionLog;
  readonly leader: BrokerId | undefined;
  readonly leaderEpoch: LeaderEpoch;
  readonly #options: FollowingOptions;
  readonly #dependencies: FollowingDependencies;
  #assignment: ReplicaAssignment;
  #phase: "reconciling" | "fetching" = "reconciling";
  #failures = 0;
  #corruptAnswers = 0;
  /** Monotonic: not asked for before. */
  #delayedUntil = 0;
  #leaderHighWatermark: Offset | undefined;
  #applying: Promise<void> = Promise.resolve();
  #contact: LeaderContact | undefined;

  constructor(options: FollowingOptions, dependencies: FollowingDependencies) {
    this.#options = options;
    this.#dependencies = dependencies;
    this.#assignment = options.assignment;
    this.log = options.log;
    this.leader = options.assignment.leader;
    this.leaderEpoch = options.assignment.leaderEpoch;
  }

  get topicId(): TopicId {
    return this.#options.topicId;
  }

  get partition(): number {
    return this.#options.partition;
  }

  get partitionEpoch(): PartitionEpoch {
    return this.#assignment.partitionEpoch;
  }

  get isr(): readonly BrokerId[] {
    return this.#assignment.isr;
  }

  get phase(): "reconciling" | "fetching" {
    return this.#phase;
  }

  /** Records that the leader has committed and this log lacks; `undefined` before it answered. */
  get lag(): number | undefined {
    const leaders = this.#leaderHighWatermark;
    if (this.#phase === "reconciling" || leaders === undefined) return undefined;
    return Math.max(0, leaders - this.log.logEndOffset);
  }

  /** Monotonic: when it may be asked for again; past for most. */
  get delayedUntil(): number {
    return this.#delayedUntil;
  }

  get position(): FetchPosition {
    const { leaderEpochs, logEndOffset: fetchOffset, logStartOffset } = this.log;
    const { latest: lastFetchedEpoch } = leaderEpochs;
    const position = { currentLeaderEpoch: this.leaderEpoch, fetchOffset, logStartOffset };
    return lastFetchedEpoch === undefined ? position : { lastFetchedEpoch, ...position };
  }

  /** Somebody asks the leader for it from now on. */
  followThrough(contact: LeaderContact): void {
    this.#contact = contact;
  }

  /**
   * Whether it follows the leader right now: our log is known to be a prefix of the leader's, and the
   * leader answers. Another broker's word that it is in sync may be older than a lost connection.
   */
  isInTouch(now: number): boolean {
    if (this.#phase !== "fetching" || this.#delayedUntil > now) return false;
    const contact = this.#contact;
    if (contact === undefined) return false;
    return now - contact.answeredAt <= contact.answerWithinMs + SILENCE_MAX_MS;
  }

  /** The image has another ISR; no epoch begins. */
  changeIsr(assignment: ReplicaAssignment): void {
    this.#assignment = assignment;
  }

  /** Resolves when no answer is being applied. */
  idle(): Promise<void> {
    return this.#applying;
  }

  /** Does what the leader's answer to `position` asks for. Never rejects. */
  apply(position: FetchPosition, answer: LeaderAnswer): Promise<void> {
    this.#applying = this.#apply(position, answer).catch((error: unknown) => {
      this.#delay();
      if (this.#isCurrent) this.#dependencies.onLogError(error);
    });
    return this.#applying;
  }

  async #apply(position: FetchPosition, answer: LeaderAnswer): Promise<void> {
    if (!this.#isCurrent || position.fetchOffset !== this.log.logEndOffset) return;
    if ("error" in answer) return await this.#applyError(position, answer);
    if (answer.divergingEpoch !== undefined) return await this.#cut(answer.divergingEpoch);
    if (!(await this.#append(answer.records)) || !this.#isCurrent) return;
    this.#phase = "fetching";
    this.#failures = 0;
    await this.#follow(answer);
  }

  async #applyError(position: FetchPosition, answer: LeaderError): Promise<void> {
    const { error, logStartOffset } = answer;
    const isOutOfRange = error.code === "OFFSET_OUT_OF_RANGE" && logStartOffset !== undefined;
    if (!isOutOfRange) return this.#delay(error);
    this.#phase = "reconciling";
    const isEmpty = position.lastFetchedEpoch === undefined;
    // An empty log that begins ahead of the leader's end (an unclean election) has nothing to lose.
    if (position.fetchOffset < logStartOffset || isEmpty) {
      this.#warn("log starts over", { at: logStartOffset, was: position.fetchOffset });
      await this.log.truncateFullyAndStartAt(logStartOffset);
    } else {
      // Ahead of the leader and of one history with it: the leader has not seen its own log yet.
      this.#delay(error);
    }
  }

  /** First the log, then everything else: what is cut must never be shown (KAFKA-14704). */
  async #cut(leader: NonNullable<LeaderRecords["divergingEpoch"]>): Promise<void> {
    this.#phase = "reconciling";
    const { log } = this;
    const { logEndOffset, highWatermark } = log;
    const endOffsetFor = (epoch: LeaderEpoch) => log.leaderEpochs.endOffsetFor(epoch);
    const to = truncationPoint(leader, { endOffsetFor, logEndOffset });
    const fields = { to, from: logEndOffset, highWatermark, ...leader };
    // Only after an unclean election, which gives up committed records.
    if (to < highWatermark) this.#warn("log is cut below the high watermark", fields);
    else this.#dependencies.logger.info("log diverged", { topicPartition: this.#key, ...fields });
    const before = log.leaderEpochs.latest;
    this.#dependencies.committedBytes.restart();
    await log.truncateTo(to);
    const isShorter = log.logEndOffset < logEndOffset || log.leaderEpochs.latest !== before;
    assert(isShorter, "each answer that diverges leaves less of the log in doubt");
  }

  /** False: the bytes did not fit, and are asked for again. */
  async #append(records: Uint8Array): Promise<boolean> {
    if (records.length === 0) return true;
    const bytes = Buffer.isBuffer(records) ? records : Buffer.from(records);
    try {
      await this.log.appendAsFollower(bytes);
      this.#dependencies.committedBytes.appended(this.log.logEndOffset, bytes.length);
      this.#corruptAnswers = 0;
      return true;
    } catch (error) {
      const code = errorCode(error);
      // Both are said before anything is written: the answer is at fault, not the log.
      if (code !== "CORRUPT_MESSAGE" && code !== "UNEXPECTED_APPEND_OFFSET") throw error;
      this.#corruptAnswers += 1;
      if (this.#corruptAnswers === CORRUPT_ANSWERS_MAX) {
        const hint = "If it goes on, the leader's copy is damaged: move the leadership.";
        this.#warn("the leader's records do not fit", { cause: errorMessage(error), hint });
      }
      this.#delay();
      return false;
    }
  }

  async #follow(answer: LeaderRecords): Promise<void> {
    const { log } = this;
    this.#leaderHighWatermark = answer.highWatermark;
    const committed = Math.min(answer.highWatermark, log.logEndOffset);
    if (committed > log.highWatermark) this.#commit(offset(committed));
    const start = Math.min(answer.logStartOffset, log.logEndOffset);
    if (start > log.logStartOffset) await log.deleteBefore(offset(start));
  }

  /** Consumers that read here may have waited for it. */
  #commit(to: Offset): void {
    const { committedBytes, emit } = this.#dependencies;
    const from = this.log.highWatermark;
    this.log.updateHighWatermark(to);
    committedBytes.committed(to);
    emit({ type: "highWatermarkAdvanced", from, to });
  }

  #delay(error?: { readonly code: string; readonly message: string }): void {
    this.#failures += 1;
    const delayMs = backoffMs(this.#failures);
    this.#delayedUntil = this.#dependencies.clock.monotonic() + delayMs;
    if (error !== undefined) {
      const fields = { topicPartition: this.#key, leader: this.leader, delayMs, ...error };
      this.#dependencies.logger.debug("replica is not fetched for now", fields);
    }
  }

  get #isCurrent(): boolean {
    return this.#dependencies.isCurrent(this);
  }

  get #key(): string {
    return this.#options.key;
  }

  #warn(event: string, fields: Readonly<Record<string, unknown>>): void {
    this.#dependencies.logger.warn(event, { topicPartition: this.#key, ...fields });
  }
}
