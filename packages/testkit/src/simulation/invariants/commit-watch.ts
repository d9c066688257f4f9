import type { World } from "../world/world.ts";
import type { WorldHistory } from "../world/world-history.ts";
import type { WorldTopics } from "../world/world-topics.ts";

const OFFSET = /^\/consumers\/([^/]+)\/offsets\/([^/]+)\/(\d+)$/;

/** Notes every offset of topics that last that is committed, as ZooKeeper applies it. */
export function noteCommits(
  world: World,
  { history, topics }: { readonly history: WorldHistory; readonly topics: WorldTopics },
): void {
  // Writes are applied one after the other: their number orders them as a zxid does.
  let zxid = 0;
  world.writeListeners.push((operations) => {
    zxid += 1;
    for (const operation of operations) {
      const [, group = "", topic = "", partition] = OFFSET.exec(operation.path) ?? [];
      const life = topics.lasts(topic);
      if (life === undefined || !("data" in operation)) continue;
      const text = Buffer.from(operation.data).toString();
      const { offset } = JSON.parse(text) as { readonly offset: number };
      const at = world.schedule.nowMs;
      const { entries } = history.reading(group, life.topicId);
      entries.push({ f: "committed", at, partition: Number(partition), offset, zxid });
    }
  });
}
