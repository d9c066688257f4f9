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
 * A call costs what has changed, not what is followed.
 *
 * Invariant: the leader takes a partition that is not named for one that is asked for as before, so
 * whoever is not fetched now is forgotten. A call whose fate is unknown ends the session.
 */
export class FetchSession {
  readonly #partitionMaxBytes: number;
  readonly #wanted = new Map<string, WantedPartition>();
  /** What the leader has to hear of; of no account before the first call of a session. */
  readonly #changed = new Map<string, WantedPartition>();
  readonly #gone = new Map<string, WantedPartition>();
  #id = 0;
  #epoch = 0;

  constructor(options: { readonly partitionMaxBytes: number }) {
    this.#partitionMaxBytes = options.partitionMaxBytes;
  }

  /** From the next call on it is asked for there. The key is any that tells partitions apart. */
  want(key: string, want: WantedPartition): void {
    const before = this.#wanted.get(key);
    if (before !== undefined && isSame(before.position, want.position)) return;
    this.#wanted.set(key, want);
    this.#changed.set(key, want);
    this.#gone.delete(key);
  }

  /** From the next call on it is not asked for. */
  forget(key: string): void {
    const before = this.#wanted.get(key);
    if (before === undefined) return;
    this.#wanted.delete(key);
    this.#changed.delete(key);
    this.#gone.set(key, before);
  }

  /** What the next call says for the leader to know what is wanted. */
  next(): SessionFields {
    const isFirst = this.#epoch === 0;
    const changed = [...(isFirst ? this.#wanted : this.#changed).values()];
    const gone = isFirst ? [] : [...this.#gone.values()];
    this.#changed.clear();
    this.#gone.clear();
    return {
      session: { id: this.#id, epoch: this.#epoch },
      topics: byTopic(changed, ({ partition, position }) => ({
        partition,
        partitionMaxBytes: this.#partitionMaxBytes,
        ...position,
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
