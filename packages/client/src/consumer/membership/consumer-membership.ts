/**
 * The member's side of KIP-848: one call, a heartbeat, says what the member has and hears what it is
 * to have. The coordinator waits until a partition has been given up before another member hears of
 * it, so nobody stops who has nothing to give up.
 *
 * | answer                                  | the member |
 * | --- | --- |
 * | an assignment                           | gives up what is not in it, says so, takes what is new, says so |
 * | FENCED_MEMBER_EPOCH, UNKNOWN_MEMBER_ID  | has lost everything and joins again at epoch 0 |
 * | UNRELEASED_INSTANCE_ID                  | waits for its predecessor's session to end |
 * | the coordinator is away or has moved    | goes on reading and asks the next one, until its lease ends |
 * | any other refusal                       | fails |
 */
import {
  type Clock,
  errorCode,
  type Logger,
  type Random,
  runInBackground,
  type Scheduler,
  type Timer,
  type TopicId,
} from "@zoolog/base";
import type { NativeRequest, NativeResponse } from "@zoolog/protocol";
import { quietAbortController } from "../../abort.ts";
import { type BackoffOptions, backoffDelayMs } from "../../backoff.ts";
import { alreadyClosed } from "../../errors.ts";
import { memberLost } from "../../groups/errors.ts";
import type { GroupCoordinator } from "../../groups/group-coordinator.ts";
import type { WaitingPlaces } from "../../groups/waiting-places.ts";
import { isRetriable } from "../../retriable.ts";
import { CoordinatorOutage } from "./coordinator-outage.ts";
import {
  type MemberIdentity,
  type MemberPartition,
  type Membership,
  type PartitionOwner,
  without,
} from "./membership.ts";
import { SessionLease } from "./session-lease.ts";

export type ConsumerMembershipOptions = BackoffOptions & {
  readonly group: string;
  readonly names: readonly string[] | undefined;
  readonly pattern: string | undefined;
  readonly serverAssignor: string | undefined;
  readonly instanceId: string | undefined;
  readonly rack: string | undefined;
  readonly sessionTimeoutMs: number;
  readonly rebalanceTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly retryTimeoutMs: number;
};

export type MembershipDependencies = {
  readonly coordinator: GroupCoordinator;
  readonly owner: PartitionOwner;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly logger: Logger;
  readonly waitingPlaces: WaitingPlaces;
};

type Heartbeat = NativeRequest<"consumer-group-heartbeat">;
type Answer = NativeResponse<"consumer-group-heartbeat">;

const JOIN = 0;
const LEAVE = -1;
/** A static member goes, and may come back: its partitions wait for it. */
const LEAVE_FOR_A_WHILE = -2;
const LOST = new Set(["FENCED_MEMBER_EPOCH", "UNKNOWN_MEMBER_ID", "GROUP_ID_NOT_FOUND"]);
/** A silent coordinator is asked so often within a session, so that one lost answer is no loss. */
const ATTEMPTS_PER_SESSION = 3;
/** Waits between attempts, ms: a coordinator that moves is away for about a second. */
const RETRY = { backoffMs: 50, backoffMaxMs: 500 };
/**
 * How long the coordinator may hold back an answer that says nothing new, ms (decision 026): the
 * interval at which it has heartbeats sent by default.
 */
const NEWS_WAIT_MS = 5_000;
/**
 * An answer that waits renews the session only then, counted from when it was asked for. Two of them
 * leave five sixths of a session to a coordinator, or a ZooKeeper, that has gone meanwhile.
 */
const WAITS_PER_SESSION = 12;
/** Between two heartbeats, ms: also for a coordinator that has news each time. */
const PAUSE_MIN_MS = 10;

export class ConsumerMembership implements Membership {
  readonly #options: ConsumerMembershipOptions;
  readonly #dependencies: MembershipDependencies;
  readonly #memberId: string;
  readonly #lease: SessionLease;
  readonly #outage: CoordinatorOutage;
  readonly #closing = quietAbortController();
  #epoch = JOIN;
  #incarnation = 0;
  /** What the member may read, and has not given up. */
  #owned: readonly MemberPartition[] = [];
  #target: readonly MemberPartition[] | undefined;
  #reconciling = false;
  /** The coordinator may not know all of us: say everything. */
  #sendAll = true;
  /** `#owned` has changed since it was told. */
  #sendOwned = false;
  #beating = false;
  #beatAgain = false;
  #timer: Timer | undefined;
  #failures = 0;
  #unreleasedSince: number | undefined;
  #sessionTimeoutMs: number;

  constructor(options: ConsumerMembershipOptions, dependencies: MembershipDependencies) {
    this.#options = options;
    this.#dependencies = dependencies;
    this.#memberId = dependencies.random.uuid();
    this.#sessionTimeoutMs = options.sessionTimeoutMs;
    const { group } = options;
    this.#outage = new CoordinatorOutage({ group, warn: dependencies.owner.warn }, dependencies);
    this.#lease = new SessionLease(
      { onExpired: () => this.#lost(memberLost(group, "its session ended")) },
      dependencies,
    );
  }

  get identity(): MemberIdentity | undefined {
    if (this.#epoch <= JOIN) return undefined;
    const { instanceId } = this.#options;
    return {
      memberId: this.#memberId,
      generationIdOrMemberEpoch: this.#epoch,
      ...(instanceId === undefined ? {} : { groupInstanceId: instanceId }),
    };
  }

  get incarnation(): number {
    return this.#incarnation;
  }

  get leaseUntil(): number {
    return this.#lease.until;
  }

  start(): void {
    this.#beat();
  }

  async leave({ timeoutMs }: { readonly timeoutMs: number }): Promise<void> {
    if (this.#closing.signal.aborted) return;
    this.#closing.abort(alreadyClosed("consumer"));
    this.#timer?.cancel();
    this.#lease.end();
    // Even when no answer to the join has come: it may have been heard.
    const { coordinator } = this.#dependencies;
    const isStatic = this.#options.instanceId !== undefined;
    const memberEpoch = isStatic ? LEAVE_FOR_A_WHILE : LEAVE;
    const request = { ...this.#identityFields(), memberEpoch };
    try {
      await coordinator.call("consumer-group-heartbeat", () => request, { timeoutMs });
    } catch (error) {
      // Its session ends by itself.
      if (!LOST.has(errorCode(error) ?? "")) this.#dependencies.owner.warn(error);
    }
  }

  /** Now, or right after the one that is under way. */
  #beat(): void {
    if (this.#closing.signal.aborted) return;
    if (this.#beating) {
      this.#beatAgain = true;
      return;
    }
    this.#timer?.cancel();
    this.#beating = true;
    runInBackground("group heartbeat", this.#dependencies.logger, async () => {
      const pauseMs = await this.#exchange();
      this.#beating = false;
      if (this.#closing.signal.aborted) return;
      const delayMs = this.#beatAgain ? 0 : pauseMs;
      this.#beatAgain = false;
      this.#timer = this.#dependencies.scheduler.after(delayMs, () => this.#beat());
    });
  }

  /** One heartbeat; answers how long to wait before the next one, ms. */
  async #exchange(): Promise<number> {
    const { waitingPlaces } = this.#dependencies;
    if (!this.#isQuiet() || !waitingPlaces.take()) return await this.#ask(0);
    try {
      const waitMs = Math.min(NEWS_WAIT_MS, this.#sessionTimeoutMs / WAITS_PER_SESSION);
      return await this.#ask(Math.floor(waitMs));
    } finally {
      waitingPlaces.giveBack();
    }
  }

  /** Whether it may wait for news: nothing of its own will have to be said meanwhile. */
  #isQuiet(): boolean {
    return this.#epoch > JOIN && this.#target === undefined && this.#failures === 0;
  }

  async #ask(maxWaitMs: number): Promise<number> {
    const { clock, coordinator } = this.#dependencies;
    const sentAt = clock.monotonic();
    const incarnation = this.#incarnation;
    const timeoutMs = Math.min(
      this.#options.requestTimeoutMs,
      Math.ceil(this.#sessionTimeoutMs / ATTEMPTS_PER_SESSION),
    );
    const request = { ...this.#request(), ...(maxWaitMs > 0 && { maxWaitMs }) };
    this.#sendOwned = false;
    try {
      const limits = { timeoutMs: timeoutMs + maxWaitMs, signal: this.#closing.signal };
      const answer = await coordinator.attemptParked("consumer-group-heartbeat", request, limits);
      if (incarnation !== this.#incarnation) return 0;
      return this.#answered(answer, sentAt);
    } catch (error) {
      // What was sent may not have been heard.
      this.#sendAll = true;
      if (this.#closing.signal.aborted || incarnation !== this.#incarnation) return 0;
      return this.#refused(error);
    }
  }

  #request(): Heartbeat {
    const { names, pattern, rack, rebalanceTimeoutMs, serverAssignor } = this.#options;
    const brief: Heartbeat = { ...this.#identityFields(), memberEpoch: this.#epoch };
    if (!this.#sendAll) return this.#sendOwned ? { ...brief, owned: this.#ownedByTopic() } : brief;
    return {
      ...brief,
      rebalanceTimeoutMs,
      ...(rack === undefined ? {} : { rackId: rack }),
      ...(names === undefined ? {} : { subscribedTopics: names }),
      ...(pattern === undefined ? {} : { subscribedPattern: pattern }),
      ...(serverAssignor === undefined ? {} : { serverAssignor }),
      owned: this.#ownedByTopic(),
    };
  }

  #identityFields() {
    const { group, instanceId } = this.#options;
    return {
      groupId: group,
      memberId: this.#memberId,
      ...(instanceId === undefined ? {} : { groupInstanceId: instanceId }),
    };
  }

  #ownedByTopic(): NonNullable<Heartbeat["owned"]> {
    const topics = new Map<string, number[]>();
    for (const { partition, topicId } of this.#owned) {
      const partitions = topics.get(topicId);
      if (partitions === undefined) topics.set(topicId, [partition]);
      else partitions.push(partition);
    }
    return [...topics].map(([id, partitions]) => ({ topicId: id as TopicId, partitions }));
  }

  #answered(answer: Answer, sentAt: number): number {
    this.#failures = 0;
    this.#outage.answered();
    this.#unreleasedSince = undefined;
    this.#sendAll = false;
    this.#epoch = answer.memberEpoch;
    this.#sessionTimeoutMs = answer.sessionTimeoutMs ?? this.#options.sessionTimeoutMs;
    this.#lease.renew(sentAt, this.#sessionTimeoutMs);
    if (answer.assignment !== undefined) {
      this.#target = answer.assignment.flatMap(({ partitions, topic, topicId }) =>
        partitions.map((partition) => ({ topicId, topic, partition })),
      );
      this.#reconcile();
    }
    return Math.max(PAUSE_MIN_MS, answer.heartbeatIntervalMs);
  }

  #refused(error: unknown): number {
    const { clock, owner, random } = this.#dependencies;
    const code = errorCode(error) ?? "";
    this.#failures += 1;
    const pauseMs = backoffDelayMs(this.#failures, RETRY, random);
    if (LOST.has(code)) {
      this.#lost(error);
      return pauseMs;
    }
    if (code === "UNRELEASED_INSTANCE_ID") {
      this.#unreleasedSince ??= clock.monotonic();
      const waitedMs = clock.monotonic() - this.#unreleasedSince;
      if (waitedMs < this.#options.retryTimeoutMs) return pauseMs;
    } else if (isRetriable(error)) {
      this.#outage.failed(error);
      return pauseMs;
    }
    this.#closing.abort(error);
    this.#lost(error);
    owner.fail(error);
    return 0;
  }

  /** Nothing that it had may be read or committed any more; it begins anew as a member. */
  #lost(error: unknown): void {
    const { logger, owner } = this.#dependencies;
    const lost = this.#owned;
    this.#incarnation += 1;
    this.#epoch = JOIN;
    this.#owned = [];
    this.#target = undefined;
    this.#sendAll = true;
    this.#lease.end();
    if (lost.length === 0) return;
    owner.warn(error);
    runInBackground("lose partitions", logger, () => owner.lose(lost));
  }

  /** Until it has what it is to have; a target that comes meanwhile is reached next. */
  #reconcile(): void {
    if (this.#reconciling) return;
    this.#reconciling = true;
    const { logger, owner } = this.#dependencies;
    const done = (error?: unknown): void => {
      this.#reconciling = false;
      if (error === undefined) return;
      this.#closing.abort(error);
      owner.fail(error);
    };
    runInBackground(
      "reconcile partitions",
      logger,
      async () => {
        while (this.#target !== undefined && !this.#closing.signal.aborted) await this.#step();
        done();
      },
      done,
    );
  }

  async #step(): Promise<void> {
    const { owner } = this.#dependencies;
    const target = this.#target ?? [];
    const incarnation = this.#incarnation;
    const goes = without(this.#owned, target);
    if (goes.length > 0) {
      await owner.revoke(goes);
      if (incarnation !== this.#incarnation) return;
      this.#owned = without(this.#owned, goes);
      this.#tellOwned();
    }
    // A newer target may want less: what is new in it comes only now.
    if (this.#target !== target) return;
    const comes = without(target, this.#owned);
    this.#target = undefined;
    this.#owned = target;
    if (comes.length > 0) await owner.assign(comes);
    if (incarnation === this.#incarnation) this.#tellOwned();
  }

  #tellOwned(): void {
    this.#sendOwned = true;
    this.#beat();
  }
}
