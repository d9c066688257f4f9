/**
 * The member's side of Kafka's classic protocol: join, sync, heartbeat. Everybody joins, the leader
 * assigns for all, everybody learns it by the sync.
 *
 * - With assignors that are all cooperative a member goes on reading while it joins, gives up what it
 *   is not given again, and joins once more so that others may have that (KIP-429). Otherwise it
 *   gives everything up before it joins.
 * - Heartbeats go on through all of that, also while a join is parked.
 * - A static member does not leave when it is closed: it may come back within its session (KIP-345).
 */
import {
  type Deferred,
  deferred,
  errorCode,
  runInBackground,
  sleep,
  type Timer,
  ZoologError,
} from "@zoolog/base";
import type { JoinGroupResponse, NativeRequest } from "@zoolog/protocol";
import { quietAbortController, untilAnyAborts } from "../../abort.ts";
import { backoffDelayMs } from "../../backoff.ts";
import type { Cluster } from "../../cluster/cluster.ts";
import { alreadyClosed } from "../../errors.ts";
import { memberLost } from "../../groups/errors.ts";
import { isRetriable } from "../../retriable.ts";
import type { AssignorName } from "../consumer-options.ts";
import { assignedCounts } from "./assigned-counts.ts";
import {
  assignMembers,
  isAssignorName,
  joinProtocols,
  readAssignment,
  readMembers,
} from "./classic-subscription.ts";
import type { MembershipDependencies } from "./consumer-membership.ts";
import { CoordinatorOutage } from "./coordinator-outage.ts";
import {
  type MemberIdentity,
  type MemberPartition,
  type Membership,
  without,
} from "./membership.ts";
import { SessionLease } from "./session-lease.ts";
import { SubscribedTopics } from "./subscribed-topics.ts";

export type ClassicMembershipOptions = {
  readonly group: string;
  readonly names: readonly string[] | undefined;
  readonly pattern: string | undefined;
  readonly assignors: readonly AssignorName[];
  readonly instanceId: string | undefined;
  readonly rack: string | undefined;
  readonly sessionTimeoutMs: number;
  readonly heartbeatIntervalMs: number;
  readonly rebalanceTimeoutMs: number;
  readonly requestTimeoutMs: number;
};

type Joined = Extract<JoinGroupResponse, { readonly members: unknown }>;

const PROTOCOL_TYPE = "consumer";
/**
 * A parked join is answered at the latest when the rebalance times out; then it may take so long. Of a
 * coordinator that is frozen or gone others tell sooner: `attemptParked`.
 */
const JOIN_GRACE_MS = 5_000;
/** The group goes on without us having lost anything: join again at once. */
const JOIN_AGAIN = new Set(["REBALANCE_IN_PROGRESS", "MEMBER_ID_REQUIRED"]);
const LOST = new Set(["UNKNOWN_MEMBER_ID", "ILLEGAL_GENERATION"]);
/** Waits between attempts, ms: a coordinator that moves is away for about a second. */
const RETRY = { backoffMs: 50, backoffMaxMs: 500 };

export class ClassicMembership implements Membership {
  readonly #options: ClassicMembershipOptions;
  readonly #dependencies: MembershipDependencies;
  readonly #isCooperative: boolean;
  readonly #topics: SubscribedTopics;
  readonly #lease: SessionLease;
  readonly #outage: CoordinatorOutage;
  readonly #closing = quietAbortController();
  #memberId: string | undefined;
  #generation: number | undefined;
  #incarnation = 0;
  #owned: readonly MemberPartition[] = [];
  #previous: readonly MemberPartition[] = [];
  /** What the newest join subscribes to. */
  #asked: readonly string[] = [];
  #isReplacement = false;
  #timer: Timer | undefined;
  #beating = false;
  /** Aborted when the coordinator that a parked join waits for is not one any more. */
  #joining: AbortController | undefined;
  /** Resolves when it has to join again. */
  #rejoin: Deferred<void> = deferred();

  constructor(
    options: ClassicMembershipOptions,
    dependencies: MembershipDependencies & { readonly cluster: Cluster },
  ) {
    this.#options = options;
    this.#dependencies = dependencies;
    this.#isCooperative = options.assignors.every((name) => name === "cooperative-sticky");
    this.#topics = new SubscribedTopics(options, {
      ...dependencies,
      onChange: () => this.#rejoin.resolve(),
    });
    const { group } = options;
    this.#outage = new CoordinatorOutage({ group, warn: dependencies.owner.warn }, dependencies);
    this.#lease = new SessionLease(
      { onExpired: () => this.#lost(memberLost(group, "its session ended")) },
      dependencies,
    );
  }

  get identity(): MemberIdentity | undefined {
    if (this.#memberId === undefined || this.#generation === undefined) return undefined;
    return { generationIdOrMemberEpoch: this.#generation, ...this.#member(this.#memberId) };
  }

  get incarnation(): number {
    return this.#incarnation;
  }

  get leaseUntil(): number {
    return this.#lease.until;
  }

  start(): void {
    const { logger, owner, scheduler } = this.#dependencies;
    this.#timer = scheduler.every(this.#options.heartbeatIntervalMs, () => this.#beat());
    runInBackground(
      "group membership",
      logger,
      () => this.#live(),
      (error) => owner.fail(error),
    );
  }

  async leave({ timeoutMs }: { readonly timeoutMs: number }): Promise<void> {
    if (this.#closing.signal.aborted) return;
    this.#closing.abort(alreadyClosed("consumer"));
    this.#end();
    if (this.#memberId === undefined || this.#options.instanceId !== undefined) return;
    const { coordinator, owner } = this.#dependencies;
    const groupId = this.#options.group;
    const members = [{ memberId: this.#memberId, reason: "the consumer was closed" }];
    try {
      await coordinator.call("leave-group", () => ({ groupId, members }), { timeoutMs });
    } catch (error) {
      // Its session ends by itself.
      owner.warn(error);
    }
  }

  #end(): void {
    this.#timer?.cancel();
    this.#topics.close();
    this.#lease.end();
    this.#rejoin.resolve();
  }

  async #live(): Promise<void> {
    const { scheduler } = this.#dependencies;
    for (let failures = 0; !this.#closing.signal.aborted; ) {
      let pauseMs = 0;
      try {
        const again = await this.#rebalance();
        failures = 0;
        if (!again) await this.#rejoin.promise;
      } catch (error) {
        failures += 1;
        pauseMs = this.#refused(error, failures);
      }
      if (pauseMs > 0) await sleep(scheduler, pauseMs, this.#closing.signal).catch(() => {});
    }
  }

  /** Joins and takes what it is given; answers whether it has to join again at once. */
  async #rebalance(): Promise<boolean> {
    const { owner } = this.#dependencies;
    const incarnation = this.#incarnation;
    const isOurs = () => incarnation === this.#incarnation && !this.#closing.signal.aborted;
    this.#previous = this.#owned.length > 0 ? this.#owned : this.#previous;
    if (!this.#isCooperative && this.#owned.length > 0) {
      await owner.revoke(this.#owned);
      if (!isOurs()) return false;
      this.#owned = [];
    }
    const joined = await this.#join();
    if (!isOurs()) return true;
    this.#memberId = joined.memberId;
    this.#generation = joined.generationId;
    const assigned = await this.#sync(joined);
    if (!isOurs()) return true;
    if (!this.#isReplacement && assigned.some(({ topic }) => !this.#asked.includes(topic))) {
      // Of a process before us that subscribed to more (KIP-345): the next join tells the leader.
      this.#isReplacement = true;
      return true;
    }
    this.#isReplacement = false;
    const goes = without(this.#owned, assigned);
    if (goes.length > 0) await owner.revoke(goes);
    if (!isOurs()) return true;
    const comes = without(assigned, this.#owned);
    this.#owned = assigned;
    if (comes.length > 0) await owner.assign(comes);
    return goes.length > 0;
  }

  async #join(): Promise<Joined> {
    const { coordinator } = this.#dependencies;
    const { instanceId, rebalanceTimeoutMs, sessionTimeoutMs } = this.#options;
    const topics = await this.#topics.names(this.#limits());
    this.#asked = topics;
    this.#rejoin = deferred();
    const joining = quietAbortController();
    this.#joining = joining;
    const request: NativeRequest<"join-group"> = {
      groupId: this.#options.group,
      ...(this.#memberId === undefined ? {} : { memberId: this.#memberId }),
      ...(instanceId === undefined ? {} : { groupInstanceId: instanceId }),
      protocolType: PROTOCOL_TYPE,
      protocols: joinProtocols(this.#options.assignors, {
        topics,
        owned: this.#owned,
        previous: this.#previous,
        generation: this.#generation,
        rack: this.#options.rack,
      }),
      sessionTimeoutMs,
      rebalanceTimeoutMs,
    };
    try {
      const timeoutMs = rebalanceTimeoutMs + JOIN_GRACE_MS;
      const answer = await untilAnyAborts([this.#closing.signal, joining.signal], (signal) =>
        coordinator.attemptParked("join-group", request, { timeoutMs, signal }),
      );
      if (!("error" in answer)) return answer;
      this.#memberId = answer.memberId;
      throw new ZoologError({ ...answer.error, retriable: true });
    } finally {
      this.#joining = undefined;
    }
  }

  async #sync(joined: Joined): Promise<MemberPartition[]> {
    const { clock, coordinator } = this.#dependencies;
    const sentAt = clock.monotonic();
    const answer = await coordinator.attemptParked(
      "sync-group",
      {
        groupId: this.#options.group,
        generationId: joined.generationId,
        ...this.#member(joined.memberId),
        protocolType: joined.protocolType,
        protocolName: joined.protocolName,
        assignments: await this.#assignments(joined),
      },
      {
        timeoutMs: this.#options.rebalanceTimeoutMs + JOIN_GRACE_MS,
        signal: this.#closing.signal,
      },
    );
    this.#outage.answered();
    this.#lease.renew(sentAt, this.#options.sessionTimeoutMs);
    return readAssignment(answer.assignment);
  }

  /** Of all members, when this one leads. */
  async #assignments({ leader, memberId, members, protocolName, skipAssignment }: Joined) {
    if (leader !== memberId || !isAssignorName(protocolName)) {
      this.#topics.watch(undefined);
      return [];
    }
    const { coordinator, owner } = this.#dependencies;
    const readable = readMembers(protocolName, members, (id, fault) => {
      owner.warn(new Error(`the subscription of member ${id} cannot be read: ${fault}`));
    });
    const limits = this.#limits();
    const topics = readable.flatMap((member) => member.topics);
    const asked = { group: this.#options.group, topics };
    const counts = skipAssignment
      ? await assignedCounts(asked, coordinator, limits)
      : await this.#topics.counts(topics, limits);
    this.#topics.watch(counts);
    return skipAssignment ? [] : assignMembers(protocolName, readable, counts);
  }

  #beat(): void {
    this.#topics.look();
    const { identity } = this;
    if (this.#beating || identity === undefined) return;
    this.#beating = true;
    runInBackground("group heartbeat", this.#dependencies.logger, async () => {
      try {
        await this.#heartbeat(identity);
      } finally {
        this.#beating = false;
      }
    });
  }

  async #heartbeat({ generationIdOrMemberEpoch, memberId }: MemberIdentity): Promise<void> {
    const { clock, coordinator } = this.#dependencies;
    const { group, requestTimeoutMs, sessionTimeoutMs } = this.#options;
    const sentAt = clock.monotonic();
    const incarnation = this.#incarnation;
    const generationId = generationIdOrMemberEpoch;
    const timeoutMs = Math.min(requestTimeoutMs, Math.ceil(sessionTimeoutMs / 3));
    const request = { groupId: group, generationId, ...this.#member(memberId) };
    try {
      const limits = { timeoutMs, signal: this.#closing.signal };
      await coordinator.attempt("heartbeat", request, limits);
      this.#outage.answered();
      if (incarnation === this.#incarnation) this.#lease.renew(sentAt, sessionTimeoutMs);
    } catch (error) {
      if (this.#closing.signal.aborted || incarnation !== this.#incarnation) return;
      this.#missed(error, sentAt, generationId);
    }
  }

  #missed(error: unknown, sentAt: number, generationId: number): void {
    const code = errorCode(error) ?? "";
    if (code === "REBALANCE_IN_PROGRESS") {
      // It was heard: the session goes on.
      this.#lease.renew(sentAt, this.#options.sessionTimeoutMs);
      // It tells of the rebalance that waits for others; to join again would begin another.
      const hasJoined = this.#joining !== undefined || generationId !== this.#generation;
      if (!hasJoined) this.#rejoin.resolve();
    } else if (isRetriable(error)) {
      this.#outage.failed(error);
      this.#joining?.abort(error);
    } else if (code === "ILLEGAL_GENERATION" && generationId !== this.#generation) {
      // A join was answered meanwhile.
    } else {
      if (LOST.has(code)) this.#forgetMember(code);
      this.#lost(error);
      this.#joining?.abort(error);
    }
  }

  /** How long to wait before the next join, ms. @throws what ends the membership */
  #refused(error: unknown, failures: number): number {
    const { random } = this.#dependencies;
    if (this.#closing.signal.aborted) return 0;
    const code = errorCode(error) ?? "";
    if (JOIN_AGAIN.has(code)) return failures > 1 ? RETRY.backoffMs : 0;
    const pauseMs = backoffDelayMs(failures, RETRY, random);
    if (LOST.has(code)) {
      this.#forgetMember(code);
      this.#lost(error);
      return pauseMs;
    }
    if (isRetriable(error)) {
      this.#outage.failed(error);
      return pauseMs;
    }
    this.#lost(error);
    this.#closing.abort(error);
    this.#end();
    throw error;
  }

  #forgetMember(code: string): void {
    if (code === "UNKNOWN_MEMBER_ID") this.#memberId = undefined;
  }

  /** Nothing that it had may be read or committed any more; it begins anew as a member. */
  #lost(error: unknown): void {
    const { logger, owner } = this.#dependencies;
    const lost = this.#owned;
    this.#incarnation += 1;
    this.#generation = undefined;
    this.#owned = [];
    this.#previous = [];
    this.#lease.end();
    this.#rejoin.resolve();
    if (lost.length === 0) return;
    owner.warn(error);
    runInBackground("lose partitions", logger, () => owner.lose(lost));
  }

  #member(memberId: string) {
    const { instanceId } = this.#options;
    return {
      memberId,
      ...(instanceId === undefined ? {} : { groupInstanceId: instanceId }),
    };
  }

  #limits() {
    return { timeoutMs: this.#options.requestTimeoutMs, signal: this.#closing.signal };
  }
}
