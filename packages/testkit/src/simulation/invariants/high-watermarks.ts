import type { World } from "../world/world.ts";
import type { Invariant } from "./invariant.ts";

export type SeenHighWatermark = {
  readonly brokerId: number;
  readonly leaderEpoch: number;
  readonly offset: number;
};

/** Events between two looks. */
const LOOK_EVENTS = 200;

/** The high watermark of a leader never falls; asked of the brokers themselves. */
export class HighWatermarks implements Invariant {
  readonly name = "I10";
  readonly about = "a high watermark never falls while one broker leads";
  readonly violations: string[] = [];
  /** Of the newest leader epoch that was seen, by `<topic>-<partition>`. */
  readonly newest = new Map<string, SeenHighWatermark>();
  readonly #world: World;
  readonly #topic: { readonly name: string; readonly partitions: number };
  readonly #never = new AbortController();

  constructor(
    topic: { readonly name: string; readonly partitions: number },
    dependencies: { readonly world: World },
  ) {
    this.#world = dependencies.world;
    this.#topic = topic;
    this.#world.schedule.observe(LOOK_EVENTS, () => this.#look());
  }

  #look(): void {
    for (const { broker, brokerId, process } of this.#world.hosts) {
      if (broker === undefined || process?.isPaused !== false) continue;
      const partitions = Array.from({ length: this.#topic.partitions }, (_, partition) => ({
        partition,
        at: "latest" as const,
      }));
      const topics = [{ topic: this.#topic.name, partitions }];
      const context = {
        signal: this.#never.signal,
        clientId: "invariants",
        remoteAddress: "invariants",
        principal: { kind: "anonymous" as const },
        holdWhile: <T>(task: Promise<T>) => task,
      };
      // Answered from memory: before the next event.
      broker.api.listOffsets({ isolation: "readUncommitted", topics }, context).then(
        (answer) => {
          for (const found of answer.topics[0]?.partitions ?? []) {
            if ("error" in found) continue;
            const { leaderEpoch, offset, partition } = found;
            if (leaderEpoch === undefined || offset === undefined) continue;
            this.#seen(`${this.#topic.name}-${partition}`, { brokerId, leaderEpoch, offset });
          }
        },
        () => {},
      );
    }
  }

  #seen(partition: string, seen: SeenHighWatermark): void {
    const known = this.newest.get(partition);
    if (known !== undefined && known.leaderEpoch > seen.leaderEpoch) return;
    const isSame = known?.leaderEpoch === seen.leaderEpoch && known.brokerId === seen.brokerId;
    if (known !== undefined && isSame && seen.offset < known.offset) {
      const where = `${partition} of broker ${seen.brokerId} in epoch ${seen.leaderEpoch}`;
      this.violations.push(`${where}: ${seen.offset} after ${known.offset}`);
    }
    this.newest.set(partition, seen);
  }
}
