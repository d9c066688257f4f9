import type { GroupEntry } from "../../history/group-history.ts";
import type { World } from "../world/world.ts";

const OFFSET = /^\/consumers\/[^/]+\/offsets\/[^/]+\/(\d+)$/;

/** Notes every offset that is committed, as ZooKeeper applies it. */
export function noteCommits(world: World, entries: GroupEntry[]): void {
  // Writes are applied one after the other: their number orders them as a zxid does.
  let zxid = 0;
  world.writeListeners.push((operations) => {
    zxid += 1;
    for (const operation of operations) {
      const [, partition] = OFFSET.exec(operation.path) ?? [];
      if (partition === undefined || !("data" in operation)) continue;
      const text = Buffer.from(operation.data).toString();
      const { offset } = JSON.parse(text) as { readonly offset: number };
      const at = world.schedule.nowMs;
      entries.push({ f: "committed", at, partition: Number(partition), offset, zxid });
    }
  });
}
