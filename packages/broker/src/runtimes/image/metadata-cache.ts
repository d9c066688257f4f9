import type { BrokerId, Clock, Scheduler, TopicPartition } from "@zoolog/base";
import type { ClusterImage, PartitionImage, UnreadableTopic } from "@zoolog/controller";
import { Purgatory, type ReplicaError } from "@zoolog/replication";

/** Administrators' calls that wait for the image to show what they asked for. */
const WAITING_MAX = 10_000;

/** What the waiting calls watch; there is one image. */
const IMAGE_KEY = "image";

/** What everybody is told who wants something of it: once it is mended it is served again. */
export function unreadableTopic({ name, reason }: UnreadableTopic): ReplicaError {
  const message = `topic ${name} cannot be served: ${reason}; mend it with zkCli or delete the topic`;
  return { error: "LEADER_NOT_AVAILABLE", message };
}

/** The newest cluster image that this broker has put into effect: what clients are told. */
export class MetadataCache {
  readonly #brokerId: BrokerId;
  readonly #waiting: Purgatory;
  readonly #clock: Clock;
  #image: ClusterImage | undefined;
  #changedAt: number | undefined;

  constructor(
    options: { readonly brokerId: BrokerId },
    dependencies: { readonly clock: Clock; readonly scheduler: Scheduler },
  ) {
    this.#brokerId = options.brokerId;
    this.#clock = dependencies.clock;
    this.#waiting = new Purgatory({ operationsMax: WAITING_MAX }, dependencies);
  }

  get image(): ClusterImage | undefined {
    return this.#image;
  }

  /** When the image was taken over, monotonic. */
  get changedAt(): number | undefined {
    return this.#changedAt;
  }

  publish(image: ClusterImage): void {
    this.#image = image;
    this.#changedAt = this.#clock.monotonic();
    this.#waiting.check(IMAGE_KEY);
  }

  partition(topicPartition: TopicPartition): PartitionImage | undefined {
    const topic = this.#image?.topics.get(topicPartition.topic);
    return topic?.partitions[topicPartition.partition];
  }

  /** Why a partition is not served here: it does not exist, or somebody else serves it. */
  whereIs(topicPartition: TopicPartition): ReplicaError {
    const { topic, partition } = topicPartition;
    if (this.#image === undefined) {
      const message = "this broker has no picture of the cluster yet";
      return { error: "LEADER_NOT_AVAILABLE", message };
    }
    const known = this.partition(topicPartition);
    if (known === undefined) {
      const unreadable = this.#image.unreadableTopics.get(topic);
      if (unreadable !== undefined) return unreadableTopic(unreadable);
      const what = this.#image.topics.has(topic)
        ? `topic ${topic} has no partition ${partition}`
        : `there is no topic ${topic}`;
      return { error: "UNKNOWN_TOPIC_OR_PARTITION", message: what };
    }
    const { leader: brokerId, leaderEpoch } = known;
    if (brokerId === this.#brokerId) {
      const message = `${topic}-${partition} is about to be served here`;
      return { error: "LEADER_NOT_AVAILABLE", message };
    }
    if (brokerId === undefined) {
      const message = `${topic}-${partition} has no leader: ${known.offlineReason ?? "unknown"}`;
      return { error: "LEADER_NOT_AVAILABLE", message };
    }
    return {
      error: "NOT_LEADER_OR_FOLLOWER",
      message: `broker ${brokerId} leads ${topic}-${partition}`,
      currentLeader: { brokerId, leaderEpoch },
    };
  }

  /** Waits for an image; false when none has come that fits before the time is over. */
  waitFor(fits: (image: ClusterImage) => boolean, timeoutMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const operation = {
        tryComplete: (): boolean => {
          const isThere = this.#image !== undefined && fits(this.#image);
          if (isThere) resolve(true);
          return isThere;
        },
        expire: (): void => resolve(false),
      };
      const deadline = this.#clock.monotonic() + timeoutMs;
      const parked = this.#waiting.park(operation, { keys: [IMAGE_KEY], deadline });
      if (parked === "full") resolve(false);
    });
  }

  /** Answers everybody who waits. */
  close(): void {
    this.#waiting.close();
  }
}
