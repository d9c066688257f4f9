/** What a world promises of the records of a topic. */
export type TopicPromise =
  /** Idempotent producers with `acks=all`: nothing that was acknowledged is lost or twice. */
  | "all"
  /** Plain producers: what is lost and what is twice is only counted. */
  | "counted";

/** One topic from its creation on. One that is made anew under its name is another one. */
export type TopicLife = {
  readonly name: string;
  readonly topicId: string;
  readonly promise: TopicPromise;
  /** Not deleted while the world lasts. */
  readonly isLasting: boolean;
  /** Records at its beginning are deleted, by retention or by request. */
  readonly isTrimmed: boolean;
  /** As far as is known. */
  partitions: number;
  /** That it may have: more were asked for by a call whose answer has not come. */
  partitionsMax: number;
  /** True time at which every broker that served knew of it; `undefined` before. */
  knownAt: number | undefined;
  /** True time at which its deletion was asked for. */
  deletedAt: number | undefined;
};

/** The topics of a world, by name and life. */
export class WorldTopics {
  readonly #lives: TopicLife[] = [];

  add(life: TopicLife): TopicLife {
    this.#lives.push(life);
    return life;
  }

  get all(): readonly TopicLife[] {
    return this.#lives;
  }

  /** Those that nobody has asked to delete. */
  get living(): readonly TopicLife[] {
    return this.#lives.filter(({ deletedAt }) => deletedAt === undefined);
  }

  /** Those that stand as long as the world does. */
  get lasting(): readonly TopicLife[] {
    return this.#lives.filter(({ isLasting }) => isLasting);
  }

  lasts(name: string): TopicLife | undefined {
    return this.#lives.find((life) => life.isLasting && life.name === name);
  }

  byId(topicId: string): TopicLife | undefined {
    return this.#lives.find((life) => life.topicId === topicId);
  }

  /**
   * The lives that something which was asked between two times may have reached: one alone if every
   * broker knew of it all the while, else any that was there before the end. A broker that has not
   * heard of a deletion serves the old life for a while.
   */
  reachable(name: string, from: number, to: number): readonly TopicLife[] {
    const lives = this.#lives.filter((life) => life.name === name);
    const certain = lives.find(
      ({ deletedAt = Number.POSITIVE_INFINITY, knownAt }) =>
        knownAt !== undefined && knownAt <= from && to < deletedAt,
    );
    return certain === undefined ? lives : [certain];
  }
}

/** Names a partition of one life in histories. */
export function keyOf(topicId: string, partition: number): string {
  return `${topicId}/${partition}`;
}
