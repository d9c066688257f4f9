import type {
  AbortSignalLike,
  BrokerEpoch,
  BrokerId,
  Clock,
  Offset,
  Scheduler,
  TopicId,
} from "@zoolog/base";
import type { ReplicateRequest, ReplicateResponse } from "@zoolog/protocol";
import { staleBrokerEpoch } from "../errors.ts";
import type { LiveBrokers } from "../leader/isr-rules.ts";
import type { ReplicaFetchError } from "../leader/replica-fetch-verdict.ts";
import type { Partition } from "../partition/partition.ts";
import type { ReplicaError } from "../replica-error.ts";
import {
  type ReplicaSession,
  ReplicaSessions,
  type SessionPartition,
} from "../sessions/replica-sessions.ts";
import { AnswerRoom, type ReadMemory } from "./answer-room.ts";
import { type ReplicaWait, ReplicaWaits } from "./replica-waits.ts";

/** The broker that asks, as its credential says, and until when it wants the answer. */
export type ReplicaCaller = {
  readonly brokerId: BrokerId;
  readonly brokerEpoch: BrokerEpoch;
  readonly signal?: AbortSignalLike | undefined;
  /** Where the bytes of the answer are counted; without it nobody counts them. */
  readonly memory?: ReadMemory | undefined;
};

type AnsweredPartition = ReplicateResponse["topics"][number]["partitions"][number];
type Replicated = Exclude<AnsweredPartition, { readonly error: unknown }>;
type PartitionAnswer =
  | Exclude<AnsweredPartition, Replicated>
  | (Omit<Replicated, "records"> & { readonly records: readonly Buffer[] });

/** A `ReplicateResponse` whose records are still in the buffers that they were read into. */
export type ReplicateAnswer = Omit<ReplicateResponse, "topics"> & {
  readonly topics: readonly {
    readonly topicId: TopicId;
    readonly partitions: readonly PartitionAnswer[];
  }[];
};

export type ReplicaFetchesDependencies = {
  readonly find: (replica: SessionPartition) => Partition | ReplicaError;
  readonly brokers: () => LiveBrokers;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
};

/** Something to tell a follower about one partition. */
type News = { readonly asked: SessionPartition; readonly answer: PartitionAnswer };

type Pass = {
  readonly news: readonly News[];
  /** An error or a divergence: the follower has to act, so it is told at once. */
  readonly isUrgent: boolean;
  readonly sizeInBytes: number;
  readonly reservedBytes: number;
  readonly isFull: boolean;
};

/**
 * The leader's side of `replicate`: the offset that a follower asks for acknowledges everything
 * before it. The logs are read to their ends, not to the high watermark.
 */
export class ReplicaFetches {
  readonly sessions = new ReplicaSessions();
  readonly waits: ReplicaWaits;
  readonly #bytesMax: number;
  readonly #dependencies: ReplicaFetchesDependencies;

  /**
   * @param options `bytesMax` in one answer, whatever the call asks for; `selectsByRack`: consumers
   *   may be sent to followers.
   */
  constructor(
    options: { readonly bytesMax: number; readonly selectsByRack: boolean },
    dependencies: ReplicaFetchesDependencies,
  ) {
    this.#bytesMax = options.bytesMax;
    this.#dependencies = dependencies;
    const { brokers, clock, scheduler } = dependencies;
    const servesConsumers = (follower: BrokerId): boolean =>
      options.selectsByRack && brokers().get(follower)?.rack !== undefined;
    this.waits = new ReplicaWaits({ clock, scheduler, servesConsumers });
  }

  /** Something has come for these followers of a partition. @param key of `replicaKey`. */
  notice(key: string, followers: Iterable<BrokerId>, what: "records" | "highWatermark"): void {
    for (const follower of followers) {
      this.sessions.notice(follower, key);
      this.waits.notice(key, follower, what);
    }
  }

  /** A role has changed: whoever asks for the partition is told, assigned or not. */
  noticeAll(key: string): void {
    this.sessions.noticeAll(key);
    this.waits.noticeAll(key);
  }

  /**
   * Waits up to `maxWaitMs` for news: records, an error, another high watermark.
   *
   * @throws ZoologError STALE_BROKER_EPOCH: the caller has registered anew since.
   */
  async replicate(request: ReplicateRequest, caller: ReplicaCaller): Promise<ReplicateAnswer> {
    // The image may be behind a registration, never ahead of it: a later life is let in.
    const registered = this.#dependencies.brokers().get(caller.brokerId)?.brokerEpoch;
    if (registered !== undefined && caller.brokerEpoch < registered) {
      throw staleBrokerEpoch(caller.brokerId, { given: caller.brokerEpoch, registered });
    }
    const session = this.sessions.open(caller.brokerId, request);
    if ("error" in session) {
      const error = { code: session.error, message: session.message };
      return { error, session: { id: 0, epoch: 0 }, topics: [] };
    }
    const { id, epoch } = session;
    const wait = this.waits.listen(caller.brokerId, (key) => session.has(key));
    try {
      const news = await this.#news(request, { session, wait }, caller);
      return { session: { id, epoch }, topics: tell(news, session) };
    } finally {
      this.waits.leave(caller.brokerId, wait);
    }
  }

  async #news(
    request: ReplicateRequest,
    { session, wait }: { readonly session: ReplicaSession; readonly wait: ReplicaWait },
    caller: ReplicaCaller,
  ): Promise<readonly News[]> {
    const { clock } = this.#dependencies;
    const maxBytes = Math.min(request.maxBytes, this.#bytesMax);
    const minBytes = Math.min(Math.max(request.minBytes, 1), maxBytes);
    const deadline = clock.monotonic() + request.maxWaitMs;
    for (let isFirst = true; ; isFirst = false) {
      wait.look();
      const { memory, signal } = caller;
      const room = new AnswerRoom({ maxBytes, minBytes, wantedBytes: maxBytes, memory, signal });
      const pass = await this.#pass(session, { caller, room, acknowledges: isFirst });
      const isGone = caller.signal?.aborted === true || wait.isEnded;
      const isOver = isGone || clock.monotonic() >= deadline;
      if (pass.isUrgent || pass.isFull || pass.sizeInBytes >= minBytes || isOver) return pass.news;
      if (!isFirst && pass.news.length > 0 && pass.sizeInBytes === 0) return pass.news;
      caller.memory?.release(pass.reservedBytes);
      if (pass.news.length > 0) wait.sawHighWatermark();
      await wait.until(deadline, caller.signal);
    }
  }

  async #pass(
    session: ReplicaSession,
    call: {
      readonly caller: ReplicaCaller;
      readonly room: AnswerRoom;
      /** The offsets asked for acknowledge once: they say nothing of the time when news came. */
      readonly acknowledges: boolean;
    },
  ): Promise<Pass> {
    const { acknowledges } = call;
    const now = this.#dependencies.clock.monotonic();
    const partitions = session.partitions(acknowledges ? now : undefined);
    // All acknowledgements first: what one follower has may commit what another one waits for.
    const verdicts = partitions.map((asked) => this.#judge(asked, call));
    const news: News[] = [];
    let isUrgent = false;
    for (const [index, asked] of partitions.entries()) {
      const verdict = verdicts[index];
      if (verdict === undefined) continue;
      const answer = "role" in verdict ? await this.#read(verdict, asked, call.room) : verdict;
      if (answer === undefined) {
        if (acknowledges && isAllTold(verdict, asked)) session.settle(asked);
        continue;
      }
      // Found by a look at everything: the answer may wait, and is made of what is due then.
      session.notice(asked.key);
      news.push({ asked, answer });
      if ("error" in answer || answer.divergingEpoch !== undefined) isUrgent = true;
    }
    const { sizeInBytes, reservedBytes, isFull } = call.room.close();
    return { news, isUrgent, sizeInBytes, reservedBytes, isFull };
  }

  #judge(
    asked: SessionPartition,
    call: { readonly caller: ReplicaCaller; readonly acknowledges: boolean },
  ): PartitionAnswer | LeaderToRead {
    const { partition } = asked;
    const found = this.#dependencies.find(asked);
    if ("error" in found) return errorAnswer(partition, found);
    const judged = found.judgeReplicaFetch(asked, call.caller, call);
    if (judged.error !== undefined) return errorAnswer(partition, judged);
    if (judged.divergingEpoch === undefined) return { role: "leader", partition: found };
    const { divergingEpoch, highWatermark, logStartOffset } = judged;
    return { partition, highWatermark, logStartOffset, records: [], divergingEpoch };
  }

  async #read(
    { partition: found }: LeaderToRead,
    asked: SessionPartition,
    room: AnswerRoom,
  ): Promise<PartitionAnswer | undefined> {
    const { partition, fetchOffset, currentLeaderEpoch: leaderEpoch } = asked;
    if (found.hasAppended(fetchOffset)) await room.reserve(found.config.messageBytesMax);
    const reading = found.readForReplica({
      fetchOffset,
      leaderEpoch,
      maxBytes: Math.min(asked.maxBytes, room.bytesLeft),
      minOneBatch: room.isUnused && room.bytesLeft > 0,
    });
    const read = reading instanceof Promise ? await reading : reading;
    if (read.error !== undefined) return errorAnswer(partition, read);
    room.take(read.sizeInBytes);
    const { highWatermark, logStartOffset, batches: records } = read;
    const isNews =
      records.length > 0 ||
      highWatermark !== asked.toldHighWatermark ||
      logStartOffset !== asked.toldLogStartOffset;
    return isNews ? { partition, highWatermark, logStartOffset, records } : undefined;
  }
}

type LeaderToRead = { readonly role: "leader"; readonly partition: Partition };

/**
 * Now, not when it was read: a notice of what has come since found the partition among those to look
 * at, and is lost if it is taken out. Records may be there that the answer had no room for.
 */
function isAllTold(verdict: PartitionAnswer | LeaderToRead, asked: SessionPartition): boolean {
  if (!("role" in verdict)) return true;
  const { state } = verdict.partition;
  if (state.role !== "leader" || state.leaderEpoch !== asked.currentLeaderEpoch) return false;
  const { logEndOffset, highWatermark, logStartOffset } = state.log;
  return (
    asked.fetchOffset >= logEndOffset &&
    asked.toldHighWatermark === highWatermark &&
    asked.toldLogStartOffset === logStartOffset
  );
}

function errorAnswer(partition: number, refusal: ReplicaFetchError): PartitionAnswer {
  const { error: code, message, currentLeader, logStartOffset, logEndOffset } = refusal;
  return {
    partition,
    error: { code, message },
    ...(currentLeader && { currentLeader }),
    ...(logStartOffset !== undefined && { logStartOffset }),
    ...(logEndOffset !== undefined && { logEndOffset }),
  };
}

/** By topic, as it travels; the session remembers what was told. */
function tell(news: readonly News[], session: ReplicaSession): ReplicateAnswer["topics"] {
  const topics = new Map<TopicId, PartitionAnswer[]>();
  for (const { asked, answer } of news) {
    const ofTopic = topics.get(asked.topicId);
    if (ofTopic === undefined) topics.set(asked.topicId, [answer]);
    else ofTopic.push(answer);
    if ("error" in answer) continue;
    noteTold(asked, answer);
    if (answer.records.length > 0) session.moveToEnd(asked);
  }
  return [...topics].map(([topicId, partitions]) => ({ topicId, partitions }));
}

function noteTold(
  asked: SessionPartition,
  told: { readonly highWatermark: Offset; readonly logStartOffset: Offset },
): void {
  asked.toldHighWatermark = told.highWatermark;
  asked.toldLogStartOffset = told.logStartOffset;
}
