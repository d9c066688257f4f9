import type { BrokerId, LeaderEpoch, Offset, TopicId } from "@zoolog/base";
import type { ReplicateRequest } from "@zoolog/protocol";
import { type ReplicaError, replicaError } from "../replica-error.ts";

/** What a follower wants of one partition until it says otherwise, and what it was told last. */
export type SessionPartition = {
  readonly key: string;
  readonly topicId: TopicId;
  readonly partition: number;
  readonly currentLeaderEpoch: LeaderEpoch;
  readonly fetchOffset: Offset;
  readonly logStartOffset: Offset;
  readonly lastFetchedEpoch: LeaderEpoch | undefined;
  readonly maxBytes: number;
  /** `undefined`: nothing yet of what it asks for now, so even no news is an answer. */
  toldHighWatermark: Offset | undefined;
  toldLogStartOffset: Offset | undefined;
};

/** Names a partition within a session and to whoever waits. */
export function replicaKey(topicId: TopicId, partition: number): string {
  return `${topicId} ${partition}`;
}

/**
 * Sessions that one broker may have. It uses one per leader; others are left over from connections
 * that broke, and the least used goes first.
 */
const SESSIONS_PER_BROKER_MAX = 4;

/** A broker hosts no more replicas than this; who names more gets no session. */
const PARTITIONS_PER_SESSION_MAX = 100_000;

const EPOCH_MAX = 0x7fff_ffff;

/**
 * Incremental fetch sessions (KIP-227): a follower names the partitions once, then what has changed.
 * A session belongs to the broker that began it. It lives in memory: whoever names one that is not
 * there begins again.
 */
export class ReplicaSessions {
  readonly #ofBroker = new Map<BrokerId, Map<number, ReplicaSession>>();
  #lastId = 0;

  /** Sessions of all brokers. */
  get size(): number {
    let size = 0;
    for (const sessions of this.#ofBroker.values()) size += sessions.size;
    return size;
  }

  /** There may be news of a partition for a follower that asks for it. */
  notice(broker: BrokerId, key: string): void {
    for (const session of this.#ofBroker.get(broker)?.values() ?? []) session.notice(key);
  }

  /** Likewise for everybody who asks for it. */
  noticeAll(key: string): void {
    for (const broker of this.#ofBroker.keys()) this.notice(broker, key);
  }

  /** The session of the call, brought up to date with what the call says. */
  open(broker: BrokerId, request: ReplicateRequest): ReplicaSession | ReplicaError {
    const { id, epoch } = request.session;
    const known = this.#ofBroker.get(broker)?.get(id);
    if (epoch <= 0) {
      this.#ofBroker.get(broker)?.delete(id);
      const isKept = epoch === 0;
      return isKept ? this.#begin(broker, request) : updated(new ReplicaSession(0), request);
    }
    if (known === undefined) {
      return replicaError("FETCH_SESSION_ID_NOT_FOUND", `there is no fetch session ${id}`);
    }
    if (epoch !== known.epoch + 1) {
      const message = `fetch session ${id} expects epoch ${known.epoch + 1}, not ${epoch}`;
      return replicaError("INVALID_FETCH_SESSION_EPOCH", message);
    }
    if (known.size + named(request) > PARTITIONS_PER_SESSION_MAX || epoch === EPOCH_MAX) {
      this.#ofBroker.get(broker)?.delete(id);
      return replicaError("FETCH_SESSION_ID_NOT_FOUND", `fetch session ${id} is full`);
    }
    known.epoch = epoch;
    this.#use(broker, known);
    return updated(known, request);
  }

  #begin(broker: BrokerId, request: ReplicateRequest): ReplicaSession {
    if (named(request) > PARTITIONS_PER_SESSION_MAX) {
      return updated(new ReplicaSession(0), request);
    }
    this.#lastId = this.#lastId === EPOCH_MAX ? 1 : this.#lastId + 1;
    const session = new ReplicaSession(this.#lastId);
    this.#use(broker, session);
    return updated(session, request);
  }

  /** Puts it behind the others, and lets the first go when there are too many. */
  #use(broker: BrokerId, session: ReplicaSession): void {
    const sessions = this.#ofBroker.get(broker) ?? new Map<number, ReplicaSession>();
    this.#ofBroker.set(broker, sessions);
    sessions.delete(session.id);
    sessions.set(session.id, session);
    const [oldest] = sessions.keys();
    if (sessions.size > SESSIONS_PER_BROKER_MAX && oldest !== undefined) sessions.delete(oldest);
  }
}

/**
 * How often all partitions of a session are looked at. In between only those are that were named or
 * noticed, so that a busy partition does not cost a look at each idle one per call. An idle follower
 * counts as in sync by these looks: they must be far closer than `replica.lag.time.max.ms`.
 */
const FULL_LOOK_MS = 500;

/** Id 0: of one call only. */
export class ReplicaSession {
  readonly id: number;
  /** Of the last call. */
  epoch = 0;
  readonly #partitions = new Map<string, SessionPartition>();
  /** Those of which there may be something to tell. */
  readonly #due = new Map<string, SessionPartition>();
  #fullLookAt = Number.NEGATIVE_INFINITY;

  constructor(id: number) {
    this.id = id;
  }

  get size(): number {
    return this.#partitions.size;
  }

  has(key: string): boolean {
    return this.#partitions.has(key);
  }

  /**
   * Those of which there may be news, in the order in which they are served; from time to time all.
   *
   * @param now monotonic; without it only those that are due.
   */
  partitions(now?: number): SessionPartition[] {
    const isFull = this.id === 0 || (now !== undefined && now - this.#fullLookAt >= FULL_LOOK_MS);
    if (!isFull) return [...this.#due.values()];
    this.#fullLookAt = now ?? this.#fullLookAt;
    return [...this.#partitions.values()];
  }

  name(partition: SessionPartition): void {
    this.#partitions.set(partition.key, partition);
    this.#due.set(partition.key, partition);
  }

  forget(key: string): void {
    this.#partitions.delete(key);
    this.#due.delete(key);
  }

  notice(key: string): void {
    const partition = this.#partitions.get(key);
    if (partition !== undefined) this.#due.set(key, partition);
  }

  /** Its fetch was counted and there is nothing to tell: it is left alone until it is noticed. */
  settle(partition: SessionPartition): void {
    if (this.#due.get(partition.key) === partition) this.#due.delete(partition.key);
  }

  /** Served: the others come first next time, so that one busy partition does not starve them. */
  moveToEnd(partition: SessionPartition): void {
    // Another call of the session may have replaced or forgotten it meanwhile.
    if (this.#partitions.get(partition.key) !== partition) return;
    this.#partitions.delete(partition.key);
    this.#partitions.set(partition.key, partition);
    if (this.#due.delete(partition.key)) this.#due.set(partition.key, partition);
  }
}

function updated(session: ReplicaSession, request: ReplicateRequest): ReplicaSession {
  for (const { topicId, partitions } of request.forgotten) {
    for (const partition of partitions) session.forget(replicaKey(topicId, partition));
  }
  for (const { topicId, partitions } of request.topics) {
    for (const asked of partitions) {
      session.name({
        key: replicaKey(topicId, asked.partition),
        topicId,
        partition: asked.partition,
        currentLeaderEpoch: asked.currentLeaderEpoch,
        fetchOffset: asked.fetchOffset,
        logStartOffset: asked.logStartOffset,
        lastFetchedEpoch: asked.lastFetchedEpoch,
        maxBytes: asked.partitionMaxBytes,
        toldHighWatermark: undefined,
        toldLogStartOffset: undefined,
      });
    }
  }
  return session;
}

function named(request: ReplicateRequest): number {
  return request.topics.reduce((sum, { partitions }) => sum + partitions.length, 0);
}
