import {
  type BrokerEpoch,
  type BrokerId,
  errorMessage,
  inParallel,
  type Logger,
  runInBackground,
  type Scheduler,
  type Timer,
  type TopicId,
  topicPartitionKey,
  ZoologError,
} from "@zoolog/base";
import type { ClusterImage, ReplicasOfflineEvent, TopicImage } from "@zoolog/controller";
import type { HostedReplica, PartitionConfig, ReplicaManager } from "@zoolog/replication";
import { localChanges } from "./local-replicas.ts";
import type { MetadataCache } from "./metadata-cache.ts";

export type MetadataRuntimeDependencies = {
  readonly cache: MetadataCache;
  readonly replicas: ReplicaManager;
  readonly configOf: (topic: TopicImage) => PartitionConfig;
  /** Removes the data of a deleted topic from the disk; fine when there is none. */
  readonly deleteLogs: (topic: DeletedTopic) => Promise<void>;
  readonly brokerEpoch: () => BrokerEpoch | undefined;
  /** Tells the controller that replicas here cannot be served. */
  readonly reportOffline: (report: Omit<ReplicasOfflineEvent, "requestId">) => Promise<void>;
  /** Tells the controller that nothing of these deleted topics is left here. */
  readonly confirmDeleted: (topicIds: readonly TopicId[]) => Promise<void>;
  readonly scheduler: Scheduler;
  readonly logger: Logger;
};

type DeletedTopic = { readonly topicId: TopicId; readonly name: string };

/** Transitions at once: each may wait for a few small files to reach the disk. */
const TRANSITIONS_AT_ONCE_MAX = 32;

/** Until what failed is tried again, if no new image comes first. */
const TRY_AGAIN_MS = 1_000;

/**
 * Makes this broker follow the cluster image: deletes what is gone, opens what is new, moves
 * replicas to their roles, and only then shows the image to clients.
 *
 * Everything here compares the image with what is, so nothing needs to be remembered: a report that
 * got lost is sent again with the next image, as the image still lacks what it was about.
 */
export class MetadataRuntime {
  readonly #brokerId: BrokerId;
  readonly #dependencies: MetadataRuntimeDependencies;
  readonly #failed = new Map<string, HostedReplica>();
  /** The image that the replicas follow; `undefined` before the first. */
  #followed: ClusterImage | undefined;
  #newest: ClusterImage | undefined;
  #working: Promise<void> | undefined;
  #isDirty = false;
  #timer: Timer | undefined;
  #closed = false;

  constructor(options: { readonly brokerId: BrokerId }, dependencies: MetadataRuntimeDependencies) {
    this.#brokerId = options.brokerId;
    this.#dependencies = dependencies;
  }

  /** Takes a newer image; one of a deposed controller or one seen already is ignored. */
  follow(image: ClusterImage): void {
    if (this.#newest !== undefined && !isNewer(image, this.#newest)) return;
    this.#newest = image;
    this.wake();
  }

  /** Looks again: a replica failed, or a report could not be sent. */
  wake(): void {
    if (this.#closed) return;
    this.#isDirty = true;
    if (this.#working !== undefined) return;
    this.#working = this.#work();
    runInBackground("follow cluster image", this.#dependencies.logger, async () => {
      await this.#working;
    });
  }

  /** Resolves when nothing is under way any more. Idempotent. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#timer?.cancel();
    await this.#working;
  }

  async #work(): Promise<void> {
    try {
      while (this.#isDirty && !this.#closed) {
        this.#isDirty = false;
        if (this.#newest !== undefined) await this.#apply(this.#newest);
      }
    } catch (error) {
      this.#dependencies.logger.error("cluster image not followed", { error: errorMessage(error) });
      this.#tryLater();
    } finally {
      this.#working = undefined;
    }
  }

  async #apply(image: ClusterImage): Promise<void> {
    const { cache, configOf } = this.#dependencies;
    const broker = { brokerId: this.#brokerId, configOf };
    const { host, purge } = localChanges(this.#followed, image, broker);
    this.#releaseGone(image);
    const { deleted, undeleted } = await this.#purge(purge);
    await this.#host(host, image, undeleted);
    this.#followed = image;
    cache.publish(image);
    await this.#report(image, deleted);
    if (this.#failed.size > 0) this.#tryLater();
  }

  /** Topics that are not in the image are not served, whether their data stays or goes. */
  #releaseGone(image: ClusterImage): void {
    for (const { topicPartition, topicId } of [
      ...this.#dependencies.replicas.partitions.values(),
    ]) {
      if (!image.topicNames.has(topicId)) this.#dependencies.replicas.release(topicPartition);
    }
  }

  async #purge(
    topics: readonly DeletedTopic[],
  ): Promise<{ readonly deleted: readonly TopicId[]; readonly undeleted: ReadonlySet<string> }> {
    const deleted: TopicId[] = [];
    const undeleted = new Set<string>();
    for (const { topicId, name } of topics) {
      try {
        await this.#dependencies.deleteLogs({ topicId, name });
        deleted.push(topicId);
      } catch (error) {
        undeleted.add(name);
        const fields = { topicId, error: errorMessage(error) };
        this.#dependencies.logger.error("replicas of a deleted topic not removed", fields);
        this.#tryLater();
      }
    }
    return { deleted, undeleted };
  }

  /** @param undeleted names whose folders still hold a deleted topic: they are tried later. */
  async #host(
    changed: readonly HostedReplica[],
    image: ClusterImage,
    undeleted: ReadonlySet<string>,
  ): Promise<void> {
    const replicas = new Map<string, HostedReplica>();
    for (const [key, replica] of this.#failed) {
      if (image.topicNames.has(replica.topicId)) replicas.set(key, replica);
    }
    for (const replica of changed) replicas.set(topicPartitionKey(replica), replica);
    this.#failed.clear();
    const limits = { atOnceMax: TRANSITIONS_AT_ONCE_MAX };
    // Leaders first: until they are ready, followers elsewhere ask in vain.
    const isLed = ([, replica]: [string, HostedReplica]) =>
      replica.assignment.leader === this.#brokerId;
    const all = [...replicas];
    const ordered = [...all.filter(isLed), ...all.filter((each) => !isLed(each))];
    await inParallel(ordered, limits, async ([key, replica]) => {
      if (undeleted.has(replica.topic) || this.#isForFormerLife(replica, image)) {
        this.#failed.set(key, replica);
        return;
      }
      try {
        await this.#dependencies.replicas.host(replica);
      } catch (error) {
        this.#failed.set(key, replica);
        const fields = { topicPartition: key, error: errorMessage(error) };
        this.#dependencies.logger.warn("replica could not take its role", fields);
      }
    });
  }

  /**
   * The leadership was given to this broker before it was started anew, and the controller has not
   * seen that yet. Its log may have lost what followers have of that epoch: were it to append in the
   * same epoch again, logs would differ within an epoch, which no follower can find out.
   */
  #isForFormerLife({ assignment, topic, partition }: HostedReplica, image: ClusterImage): boolean {
    const { leader, leaderEpoch } = assignment;
    if (leader !== this.#brokerId) return false;
    const { brokerEpoch, replicas } = this.#dependencies;
    const hosted = replicas.partitions.get(topicPartitionKey({ topic, partition }))?.state;
    // Begun in this life, whatever the registration is by now.
    if (hosted?.role === "leader" && hosted.leaderEpoch === leaderEpoch) return false;
    const state = image.topics.get(topic)?.partitions[partition];
    const givenTo = state?.isrBrokerEpochs[state.isr.indexOf(this.#brokerId)];
    return givenTo === undefined || givenTo !== brokerEpoch();
  }

  async #report(image: ClusterImage, deleted: readonly TopicId[]): Promise<void> {
    const { brokerEpoch, reportOffline, confirmDeleted, logger } = this.#dependencies;
    const epoch = brokerEpoch();
    const news = epoch === undefined ? undefined : this.#unreported(image, epoch);
    try {
      if (deleted.length > 0) await confirmDeleted(deleted);
      if (epoch !== undefined && news !== undefined) {
        await reportOffline({
          type: "replicasOffline",
          brokerId: this.#brokerId,
          brokerEpoch: epoch,
          ...news,
        });
      }
    } catch (error) {
      // Without a controller or ZooKeeper that is to be expected; others say so loudly enough.
      const isExpected = error instanceof ZoologError && error.retriable;
      const fields = { error: errorMessage(error) };
      if (isExpected) logger.debug("report to the controller has to wait", fields);
      else logger.warn("report to the controller failed", fields);
      this.#tryLater();
    }
  }

  /** Replicas that are offline here while the image does not say so, and the other way round. */
  #unreported(
    image: ClusterImage,
    brokerEpoch: BrokerEpoch,
  ): Pick<ReplicasOfflineEvent, "replicas" | "recovered"> | undefined {
    const unreported: ReplicasOfflineEvent["replicas"][number][] = [];
    const recovered: NonNullable<ReplicasOfflineEvent["recovered"]>[number][] = [];
    for (const {
      state,
      topicPartition,
      topicId,
    } of this.#dependencies.replicas.partitions.values()) {
      const { topic, partition } = topicPartition;
      const known = image.topics.get(topic)?.partitions[partition];
      const isReported = known?.offlineReplicas.some(
        (replica) => replica.brokerId === this.#brokerId && replica.brokerEpoch === brokerEpoch,
      );
      const isOffline = state.role === "offline";
      if (isOffline && isReported === false)
        unreported.push({ topicId, partition, reason: state.error.message });
      const serves = state.role === "leader" || state.role === "follower";
      if (serves && isReported === true) recovered.push({ topicId, partition });
    }
    if (unreported.length + recovered.length === 0) return undefined;
    return { replicas: unreported, recovered };
  }

  #tryLater(): void {
    if (this.#closed || this.#timer !== undefined) return;
    this.#timer = this.#dependencies.scheduler.after(TRY_AGAIN_MS, () => {
      this.#timer = undefined;
      this.wake();
    });
  }
}

function isNewer(image: ClusterImage, than: ClusterImage): boolean {
  if (image.controllerEpoch !== than.controllerEpoch) {
    return image.controllerEpoch > than.controllerEpoch;
  }
  return image.version > than.version;
}
