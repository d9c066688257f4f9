import {
  type Clock,
  type ControllerEpoch,
  inParallel,
  type Logger,
  type TopicPartition,
  topicPartitionKey,
} from "@zoolog/base";
import type { Operation } from "@zoolog/zookeeper";
import { malformed } from "../errors.ts";
import type { FencedMulti } from "../fenced-multi.ts";
import { MULTIS_IN_FLIGHT_MAX, READS_IN_FLIGHT_MAX } from "../limits.ts";
import { chunked } from "../multi-chunks.ts";
import {
  CONFIG_CHANGE_PREFIX,
  CONFIG_CHANGES_PATH,
  CONTROLLER_PATH,
  configPath,
  deletedTopicPath,
  deleteRequestPath,
  PREFERRED_ELECTION_PATH,
} from "../paths.ts";
import type { ConfigOverrides, DeletedTopic } from "../port/cluster-snapshot.ts";
import type {
  ConfigResource,
  ControllerWriter,
  NewPartitionZnodes,
  NewTopicZnodes,
  PartitionStateWrite,
  PartitionStateWritten,
  SlotWrite,
  SlotWritten,
  TopicRemoval,
  UnreadableTopicRemoval,
} from "../port/controller-writer.ts";
import { encodeDeletedTopic } from "../znodes/admin-znodes.ts";
import { encodeConfig, encodeConfigChange } from "../znodes/config-znode.ts";
import { addPartitions } from "./partition-addition.ts";
import { writePartitionStates } from "./partition-writes.ts";
import { writeSlots } from "./slot-writes.ts";
import { createTopic } from "./topic-creation.ts";
import { removeTopic } from "./topic-removal.ts";

export class FencedWriter implements ControllerWriter {
  readonly controllerEpoch: ControllerEpoch;
  readonly #multi: FencedMulti;
  readonly #clock: Clock;
  readonly #logger: Logger;

  constructor(
    options: { readonly controllerEpoch: ControllerEpoch },
    dependencies: {
      readonly multi: FencedMulti;
      readonly clock: Clock;
      readonly logger: Logger;
    },
  ) {
    this.controllerEpoch = options.controllerEpoch;
    this.#multi = dependencies.multi;
    this.#clock = dependencies.clock;
    this.#logger = dependencies.logger;
  }

  get fenced(): boolean {
    return this.#multi.fenced;
  }

  onFenced(listener: () => void): void {
    this.#multi.onFenced(listener);
  }

  async createTopic(topic: NewTopicZnodes): Promise<"created" | "exists"> {
    const { outcome, overtaken } = await createTopic(this.#multi, topic);
    this.#warnOf(overtaken);
    return outcome;
  }

  async addPartitions(partitions: NewPartitionZnodes): Promise<"added" | "changed" | "unreadable"> {
    const { outcome, overtaken } = await addPartitions(this.#multi, partitions);
    this.#warnOf(overtaken);
    return outcome;
  }

  writePartitionStates(
    writes: readonly PartitionStateWrite[],
  ): Promise<readonly PartitionStateWritten[]> {
    return writePartitionStates(this.#multi, writes);
  }

  writeSlots(writes: readonly SlotWrite[]): Promise<readonly SlotWritten[]> {
    return writeSlots(this.#multi, writes);
  }

  async deleteTopic(removal: TopicRemoval): Promise<void> {
    const { topicId, topic: name, replicas: pending } = removal;
    await this.#put(deletedTopicPath(topicId), encodeDeletedTopic({ topicId, name, pending }));
    await removeTopic(this.#multi, removal);
  }

  async deleteUnreadableTopic(removal: UnreadableTopicRemoval): Promise<void> {
    const { topicId, topic: name, replicas: pending } = removal;
    if (topicId !== undefined) {
      await this.#put(deletedTopicPath(topicId), encodeDeletedTopic({ topicId, name, pending }));
    }
    await removeTopic(this.#multi, removal);
  }

  async writeDeletedTopic(deletedTopic: DeletedTopic): Promise<void> {
    const path = deletedTopicPath(deletedTopic.topicId);
    if (deletedTopic.pending.length === 0) await this.#removeIfThere(path);
    else await this.#put(path, encodeDeletedTopic(deletedTopic));
  }

  discardDeleteRequest(topic: string): Promise<void> {
    return this.#removeIfThere(deleteRequestPath(topic));
  }

  async writeConfig({ kind, name }: ConfigResource, overrides: ConfigOverrides): Promise<void> {
    const notification: Operation = {
      type: "create",
      path: CONFIG_CHANGE_PREFIX,
      data: encodeConfigChange(kind, name),
      mode: "persistentSequential",
    };
    await this.#put(configPath(kind, name), encodeConfig(overrides), notification);
  }

  completePreferredElection(): Promise<void> {
    return this.#removeIfThere(PREFERRED_ELECTION_PATH);
  }

  async purgeConfigChanges(olderThanMs: number): Promise<void> {
    const { names } = await this.#multi.read((client) => client.getChildren(CONFIG_CHANGES_PATH));
    const paths = names.map((name) => `${CONFIG_CHANGES_PATH}/${name}`);
    const stats = await inParallel(paths, { atOnceMax: READS_IN_FLIGHT_MAX }, async (path) => ({
      path,
      stat: await this.#multi.read((client) => client.exists(path)),
    }));
    const now = this.#clock.now();
    const removals = stats
      .filter(({ stat }) => stat !== undefined && now - stat.ctime > olderThanMs)
      .map(({ path }): Operation => ({ type: "remove", path }));
    // A notification that somebody else removed makes its chunk wait for the next time.
    await inParallel(
      chunked(removals, (removal) => [removal]),
      { atOnceMax: MULTIS_IN_FLIGHT_MAX },
      (chunk) => this.#multi.run(chunk),
    );
  }

  async resign(): Promise<void> {
    while (!this.fenced) {
      const seat = await this.#multi.read((client) => client.exists(CONTROLLER_PATH));
      if (seat === undefined || seat.ephemeralOwner !== this.#multi.sessionId) break;
      const remove: Operation = { type: "remove", path: CONTROLLER_PATH, version: seat.version };
      const { outcome } = await this.#multi.run([remove]);
      if (outcome === "applied") break;
    }
    this.#multi.fence("it has resigned");
  }

  #warnOf(overtaken: readonly TopicPartition[]): void {
    if (overtaken.length === 0) return;
    const partitions = overtaken.map(topicPartitionKey);
    this.#logger.warn("states of new partitions written by somebody else", { partitions });
  }

  /** Creates or replaces. Repeated after a lost connection: the same content twice is the same. */
  async #put(path: string, data: Uint8Array, ...others: readonly Operation[]): Promise<void> {
    for (;;) {
      const there = await this.#multi.read((client) => client.exists(path));
      const write: Operation =
        there === undefined ? { type: "create", path, data } : { type: "setData", path, data };
      const outcome = await this.#multi.run([write, ...others]);
      if (outcome.outcome === "applied") return;
      if (outcome.outcome === "refused" && there === undefined && outcome.code === "NO_NODE") {
        throw malformed(path, "cannot be created: the znode it belongs below is gone");
      }
    }
  }

  async #removeIfThere(path: string): Promise<void> {
    for (;;) {
      const there = await this.#multi.read((client) => client.exists(path));
      if (there === undefined) return;
      const { outcome } = await this.#multi.run([{ type: "remove", path }]);
      if (outcome === "applied") return;
    }
  }
}
