import {
  type BrokerId,
  type Clock,
  type LeaderEpoch,
  type Offset,
  offset,
  type PartitionEpoch,
  type TopicId,
  type TopicPartition,
} from "@zoolog/base";
import type { CommittedBytes } from "../committed-bytes.ts";
import { effectiveMinInsyncReplicas, nextHighWatermark } from "../high-watermark.ts";
import {
  afterError,
  askedAgain,
  type IsrChangeAnswer,
  type IsrChangeRequest,
  maximalIsr,
  type PendingIsr,
  pendingIsr,
  REFUSED_MS,
  settling,
} from "../isr-change.ts";
import type { PartitionEvent } from "../partition-event.ts";
import type { PartitionLog } from "../partition-log.ts";
import type { ReplicaAssignment } from "../replica-assignment.ts";
import { closestReplica } from "./closest-replica.ts";
import { type FetchingReplica, type FollowerFetch, FollowerProgress } from "./follower-progress.ts";
import {
  aboutToJoin,
  type InSyncView,
  type LiveBrokers,
  laggingMembers,
  mayJoin,
} from "./isr-rules.ts";
import type { LeaderState } from "./leader-state.ts";

export type LeadershipOptions = {
  readonly topicPartition: TopicPartition;
  readonly topicId: TopicId;
  readonly brokerId: BrokerId;
  readonly log: PartitionLog;
  readonly assignment: ReplicaAssignment;
  /** The first epoch of an uninterrupted leadership of this broker. */
  readonly ledSince: LeaderEpoch;
};

export type LeadershipDependencies = {
  readonly clock: Clock;
  readonly minInsyncReplicas: () => number;
  readonly brokers: () => LiveBrokers;
  /** `replica.lag.time.max.ms`. */
  readonly lagTimeMaxMs: number;
  readonly committedBytes: CommittedBytes;
  readonly emit: (event: PartitionEvent) => void;
};

/**
 * One leader epoch of one partition on its leader: how far each follower is, who is in sync, how far
 * it is committed. A new epoch gets a new one, as everything known of the followers is void then.
 */
export class Leadership implements LeaderState {
  readonly role = "leader";
  readonly log: PartitionLog;
  readonly leaderEpoch: LeaderEpoch;
  readonly ledSince: LeaderEpoch;
  readonly epochStartOffset: Offset;
  readonly #options: LeadershipOptions;
  readonly #dependencies: LeadershipDependencies;
  #partitionEpoch: PartitionEpoch;
  #replicas: readonly BrokerId[];
  #isr: readonly BrokerId[];
  #followers: ReadonlyMap<BrokerId, FollowerProgress> = new Map();
  #pendingIsr: PendingIsr | undefined;
  /** Monotonic: after a refusal nothing is asked for until then. */
  #askNotBefore = 0;
  /** End of what our own log has acknowledged: appended, and on the disk where that is asked for. */
  #localEndOffset: Offset;

  constructor(options: LeadershipOptions, dependencies: LeadershipDependencies) {
    const { log, assignment } = options;
    this.#options = options;
    this.#dependencies = dependencies;
    this.log = log;
    this.leaderEpoch = assignment.leaderEpoch;
    this.ledSince = options.ledSince;
    this.epochStartOffset = log.logEndOffset;
    this.#localEndOffset = log.logEndOffset;
    this.#partitionEpoch = assignment.partitionEpoch;
    this.#replicas = assignment.replicas;
    this.#isr = assignment.isr;
    this.#followers = this.#followersOf(assignment);
  }

  get partitionEpoch(): PartitionEpoch {
    return this.#partitionEpoch;
  }

  get replicas(): readonly BrokerId[] {
    return this.#replicas;
  }

  get isr(): readonly BrokerId[] {
    return this.#isr;
  }

  get maximalIsr(): readonly BrokerId[] {
    return maximalIsr(this.#isr, this.#pendingIsr);
  }

  get followers(): ReadonlyMap<BrokerId, FollowerProgress> {
    return this.#followers;
  }

  get pendingIsr(): PendingIsr | undefined {
    return this.#pendingIsr;
  }

  /** Why an `acks=all` append cannot be safe now; nothing when it can. */
  missingReplicas(): string | undefined {
    const needed = this.#minInsyncReplicas();
    if (this.#isr.length >= needed) return undefined;
    return `${this.#isr.length} of ${needed} replicas are in sync (min.insync.replicas)`;
  }

  /** Our own log has acknowledged everything before `endOffset`. */
  appended(endOffset: Offset, sizeInBytes: number): void {
    // An append of the epoch before is answered late: its end is behind us already.
    if (endOffset > this.#localEndOffset) this.#localEndOffset = endOffset;
    this.#dependencies.committedBytes.appended(endOffset, sizeInBytes);
    this.advanceHighWatermark();
  }

  /** A follower's log agrees with ours up to where it asks: that is its acknowledgement. */
  followerFetched(
    { brokerId: follower, brokerEpoch }: FetchingReplica,
    { fetchOffset, logStartOffset }: Pick<FollowerFetch, "fetchOffset" | "logStartOffset">,
  ): void {
    const now = this.#dependencies.clock.monotonic();
    const leaderEndOffset = this.log.logEndOffset;
    const progress = this.#followers.get(follower);
    const startedAt = progress?.logStartOffset;
    progress?.fetched({ fetchOffset, leaderEndOffset, logStartOffset, brokerEpoch, now });
    if (startedAt !== logStartOffset) {
      this.#dependencies.emit({ type: "recordsDeleted", by: "follower" });
    }
    // First who joins: the high watermark counts with it from the moment it is asked for.
    if (!this.#isr.includes(follower)) this.#expandIsr(follower, now);
    this.advanceHighWatermark();
  }

  /**
   * The least log start of the replicas on brokers that are there (KIP-107); who has not fetched in
   * this epoch may still have everything. `behind` are those that hold it back from `target`.
   */
  lowWatermark(target: Offset): { readonly offset: Offset; readonly behind: readonly BrokerId[] } {
    const live = this.#dependencies.brokers();
    let low = this.log.logStartOffset;
    const behind: BrokerId[] = [];
    for (const [brokerId, { logStartOffset }] of this.#followers) {
      if (!live.has(brokerId)) continue;
      const start = logStartOffset ?? offset(0);
      if (start < low) low = start;
      if (start < target) behind.push(brokerId);
    }
    return { offset: low, behind };
  }

  /** The least end of the maximal ISR (KIP-497) and of who is about to join it. */
  advanceHighWatermark(): void {
    const from = this.log.highWatermark;
    const counted = new Set(this.maximalIsr);
    if (this.#replicas.length > counted.size) {
      const now = this.#dependencies.clock.monotonic();
      for (const replica of aboutToJoin(this.#view(now))) counted.add(replica);
    }
    counted.delete(this.#options.brokerId);
    const followerEndOffsets = [...counted].map((id) => this.#followers.get(id)?.endOffset);
    const to = nextHighWatermark({
      current: from,
      leaderEndOffset: this.#localEndOffset,
      followerEndOffsets,
      isrSize: this.#isr.length,
      minInsyncReplicas: this.#minInsyncReplicas(),
    });
    if (to === from) return;
    this.log.updateHighWatermark(to);
    this.#dependencies.committedBytes.committed(to);
    this.#dependencies.emit({ type: "highWatermarkAdvanced", from, to });
  }

  /** The replica that serves a consumer of that rack better than this one. */
  closestReplica(asked: {
    readonly rack: string;
    readonly fetchOffset: Offset;
  }): BrokerId | undefined {
    const { brokers, clock } = this.#dependencies;
    const { brokerId: leader } = this.#options;
    const { isr, followers } = this;
    const now = clock.monotonic();
    return closestReplica(asked, { leader, isr, followers, brokers: brokers(), now });
  }

  /**
   * The image has another ISR; no epoch begins. Whatever was asked for of the state before was applied
   * as this one or can be no more: partition epochs are compared and set.
   */
  changeIsr(assignment: ReplicaAssignment): void {
    const { isr, replicas, partitionEpoch } = assignment;
    const from = this.#isr;
    this.#pendingIsr = undefined;
    this.#followers = this.#followersOf({ isr, replicas });
    this.#partitionEpoch = partitionEpoch;
    this.#replicas = replicas;
    this.#isr = isr;
    if (isr.length !== from.length) this.#dependencies.emit({ type: "isrChanged", from, to: isr });
    // A smaller one may commit what waited for the one who left (KAFKA-13091).
    this.advanceHighWatermark();
    this.#dependencies.emit({ type: "roleChanged" });
  }

  /** @param request the object of the event `isrChangeWanted`; an older one's errors mean nothing. */
  isrChangeAnswered(request: IsrChangeRequest, answer: IsrChangeAnswer): void {
    const pending = this.#pendingIsr;
    if (answer.error === undefined) {
      const { leaderEpoch, partitionEpoch, isr } = answer;
      if (leaderEpoch !== this.leaderEpoch) return;
      if (partitionEpoch > this.#partitionEpoch) {
        const { leaderEpoch, replicas } = this;
        const leader = this.#options.brokerId;
        this.changeIsr({ leader, leaderEpoch, partitionEpoch, replicas, isr });
      }
      return;
    }
    if (pending?.request !== request) return;
    const now = this.#dependencies.clock.monotonic();
    const left = afterError(pending, answer.error, now);
    if (left === undefined) this.#refused(pending, now);
    else this.#pendingIsr = left;
  }

  /** Called a few times per `replica.lag.time.max.ms`: who lags leaves; what got lost is asked again. */
  checkIsr(now: number): void {
    const pending = this.#pendingIsr;
    if (pending !== undefined) {
      if (now >= pending.askAgainAt) this.#ask(askedAgain(pending, now));
      return;
    }
    const lagging = now < this.#askNotBefore ? [] : laggingMembers(this.#view(now));
    if (lagging.length > 0) {
      const staying = this.#isr.filter((member) => !lagging.includes(member));
      this.#ask(pendingIsr(this.#request(staying), now));
    } else if (this.#replicas.length > this.#isr.length) {
      // Who was about to join may have stayed away.
      this.advanceHighWatermark();
    }
  }

  /** This broker stood still: nobody could fetch. */
  forgiveLag(now: number): void {
    for (const progress of this.#followers.values()) progress.forgive(now);
  }

  /**
   * Who has just fetched, and nobody else: what another one had when it fetched last may be gone, as
   * a replica whose records were damaged begins anew under the same registration.
   */
  #expandIsr(follower: BrokerId, now: number): void {
    if (this.#pendingIsr !== undefined || now < this.#askNotBefore) return;
    if (!this.#replicas.includes(follower) || !mayJoin(follower, this.#view(now))) return;
    this.#ask(pendingIsr(this.#request([...this.#isr, follower]), now));
  }

  #ask(pending: PendingIsr): void {
    this.#pendingIsr = pending;
    this.#dependencies.emit({ type: "isrChangeWanted", request: pending.request });
  }

  /** The last call was refused; one before it may come late, when the reason to refuse has passed. */
  #refused(pending: PendingIsr, now: number): void {
    this.#askNotBefore = now + REFUSED_MS;
    if (pending.mayBeApplied) {
      const next = settling(pending, this.#request(this.#isr), now);
      const wasSettling = pending.request.isr.length === this.#isr.length;
      if (wasSettling) this.#pendingIsr = { ...next, askAgainAt: this.#askNotBefore };
      else this.#ask(next);
      return;
    }
    this.#pendingIsr = undefined;
    // The smaller ISR counts again, so more may be committed.
    this.advanceHighWatermark();
  }

  #request(members: readonly BrokerId[]): IsrChangeRequest {
    const { topicPartition, topicId } = this.#options;
    const { leaderEpoch, partitionEpoch } = this;
    const isr = members.map((brokerId) => ({
      brokerId,
      brokerEpoch:
        this.#followers.get(brokerId)?.brokerEpoch ??
        this.#dependencies.brokers().get(brokerId)?.brokerEpoch,
    }));
    return { topicPartition, topicId, leaderEpoch, partitionEpoch, isr };
  }

  #followersOf(
    assigned: Pick<ReplicaAssignment, "replicas" | "isr">,
  ): ReadonlyMap<BrokerId, FollowerProgress> {
    const now = this.#dependencies.clock.monotonic();
    const followers = new Map<BrokerId, FollowerProgress>();
    for (const replica of new Set([...assigned.replicas, ...assigned.isr])) {
      if (replica === this.#options.brokerId) continue;
      const isMember = assigned.isr.includes(replica);
      const wasMember = this.#isr.includes(replica);
      // Who left has to fetch again before it counts: it may be dead, and nothing may wait for it.
      const known = wasMember && !isMember ? undefined : this.#followers.get(replica);
      // Who joins is in sync by the word of the controller; it may lag from now on.
      if (known !== undefined && isMember && !wasMember) known.joined(now);
      followers.set(replica, known ?? new FollowerProgress(isMember ? now : undefined));
    }
    return followers;
  }

  #view(now: number): InSyncView {
    const { lagTimeMaxMs, brokers } = this.#dependencies;
    return {
      isr: this.#isr,
      followers: this.#followers,
      leaderEndOffset: this.log.logEndOffset,
      highWatermark: this.log.highWatermark,
      epochStartOffset: this.epochStartOffset,
      brokers: brokers(),
      now,
      lagTimeMaxMs,
    };
  }

  /** A topic with fewer replicas than `min.insync.replicas` needs all of them (KIP-966). */
  #minInsyncReplicas(): number {
    return effectiveMinInsyncReplicas(
      this.#dependencies.minInsyncReplicas(),
      this.#replicas.length,
    );
  }
}
