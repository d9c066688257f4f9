import { OBSERVER } from "../world/known-topics.ts";
import type { SimulatedHost } from "../world/simulated-host.ts";
import type { World } from "../world/world.ts";
import type { PartitionStates } from "./partition-states.ts";

/** What a broker says of a partition that it believes to lead. */
export type SeenLeader = {
  /** `<topic>-<partition>` */
  readonly partition: string;
  readonly topicId: string;
  readonly brokerId: number;
  readonly leaderEpoch: number;
  readonly highWatermark: number;
};

/** Events between two looks. */
const LOOK_EVENTS = 200;

/**
 * Asks the brokers themselves how far the partitions are committed that they lead. They answer from
 * memory: before the next event. What they say of a topic that has been made anew is left out until
 * they have heard of that.
 */
export class LeaderLooks {
  readonly #world: Pick<World, "hosts">;
  readonly #states: PartitionStates;
  readonly #listeners: ((seen: SeenLeader) => void)[] = [];

  constructor(dependencies: {
    readonly world: Pick<World, "hosts" | "schedule">;
    readonly states: PartitionStates;
  }) {
    this.#world = dependencies.world;
    this.#states = dependencies.states;
    dependencies.world.schedule.observe(LOOK_EVENTS, () => void this.look());
  }

  listen(listener: (seen: SeenLeader) => void): void {
    this.#listeners.push(listener);
  }

  /** Resolves when every broker that runs has answered. */
  async look(): Promise<void> {
    await Promise.all(this.#world.hosts.map((host) => this.#ask(host)));
  }

  async #ask({ broker, brokerId, process }: SimulatedHost): Promise<void> {
    if (broker === undefined || process?.isPaused !== false) return;
    const { api } = broker;
    const names = this.#names();
    try {
      const [known, found] = await Promise.all([
        api.metadata({ topics: [...names.keys()], allowAutoTopicCreation: false }, OBSERVER),
        api.listOffsets({ isolation: "readUncommitted", topics: asked(names) }, OBSERVER),
      ]);
      const ids = new Map(
        known.topics.flatMap((t) => ("topicId" in t ? [[t.topic, String(t.topicId)]] : [])),
      );
      for (const { topic, partitions } of found.topics) {
        const topicId = ids.get(topic);
        if (topicId === undefined || topicId !== this.#states.topicId(topic)) continue;
        for (const one of partitions) {
          if ("error" in one || one.leaderEpoch === undefined || one.offset === undefined) continue;
          const { leaderEpoch, offset: highWatermark } = one;
          const partition = `${topic}-${one.partition}`;
          this.#tell({ partition, topicId, brokerId, leaderEpoch, highWatermark });
        }
      }
    } catch {
      // One that shuts down, or has no image yet.
    }
  }

  #names(): ReadonlyMap<string, readonly number[]> {
    const names = new Map<string, number[]>();
    for (const { topic, index } of this.#states.all) {
      const indexes = names.get(topic);
      if (indexes === undefined) names.set(topic, [index]);
      else indexes.push(index);
    }
    return names;
  }

  #tell(seen: SeenLeader): void {
    for (const listener of this.#listeners) listener(seen);
  }
}

function asked(names: ReadonlyMap<string, readonly number[]>) {
  return [...names].map(([topic, indexes]) => ({
    topic,
    partitions: indexes.map((partition) => ({ partition, at: "latest" as const })),
  }));
}
