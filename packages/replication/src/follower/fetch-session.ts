import type { TopicId } from "@zoolog/base";
import type { ReplicateRequest, ReplicateResponse } from "@zoolog/protocol";
import type { FetchPosition } from "./following.ts";

/** One partition as the next call is to ask for it. */
export type WantedPartition = {
  readonly topicId: TopicId;
  readonly partition: number;
  readonly position: FetchPosition;
};

type SessionFields = Pick<ReplicateRequest, "session" | "topics" | "forgotten">;

/**
 * The follower's side of an incremental fetch session (KIP-227): names all partitions once, then
 * those that are new or are asked for at another place, and those that are not asked for any more.
 *
 * Invariant: the leader takes a partition that is not named for one that is asked for as before, so
 * whoever is not fetched now is forgotten. A call whose fate is unknown ends the session.
 */
export class FetchSession {
  readonly #partitionMaxBytes: number;
  #id = 0;
  #epoch = 0;
  #asked: ReadonlyMap<string, WantedPartition> = new Map();

  constructor(options: { readonly partitionMaxBytes: number }) {
    this.#partitionMaxBytes = options.partitionMaxBytes;
  }

  /** What the next call says for the leader to know these partitions, by any key. */
  next(wanted: ReadonlyMap<string, WantedPartition>): SessionFields {
    const asked = this.#epoch === 0 ? new Map<string, WantedPartition>() : this.#asked;
    const changed: WantedPartition[] = [];
    for (const [key, want] of wanted) {
      const before = asked.get(key);
      if (before === undefined || !isSame(before.position, want.position)) changed.push(want);
    }
    const gone = [...asked].flatMap(([key, before]) => (wanted.has(key) ? [] : [before]));
    this.#asked = wanted;
    return {
      session: { id: this.#id, epoch: this.#epoch },
      topics: byTopic(changed, ({ partition, position }) => ({
        partition,
        ...position,
        partitionMaxBytes: this.#partitionMaxBytes,
      })),
      forgotten: byTopic(gone, ({ partition }) => partition),
    };
  }

  /** The call was answered, without an error of the session. */
  answered({ session }: ReplicateResponse): void {
    this.#id = session.id;
    // Id 0: the leader keeps no session, so everything is named each time.
    this.#epoch = session.id === 0 ? 0 : session.epoch + 1;
  }

  /** Begins anew; the leader is told which one is over. */
  reset(): void {
    this.#epoch = 0;
  }
}

function isSame(a: FetchPosition, b: FetchPosition): boolean {
  return (
    a.fetchOffset === b.fetchOffset &&
    a.currentLeaderEpoch === b.currentLeaderEpoch &&
    a.lastFetchedEpoch === b.lastFetchedEpoch &&
    a.logStartOffset === b.logStartOffset
  );
}

function byTopic<T>(
  partitions: readonly WantedPartition[],
  item: (partition: WantedPartition) => T,
): { topicId: TopicId; partitions: T[] }[] {
  const topics = new Map<TopicId, T[]>();
  for (const want of partitions) {
    const ofTopic = topics.get(want.topicId);
    if (ofTopic === undefined) topics.set(want.topicId, [item(want)]);
    else ofTopic.push(item(want));
  }
  return [...topics].map(([topicId, items]) => ({ topicId, partitions: items }));
}
