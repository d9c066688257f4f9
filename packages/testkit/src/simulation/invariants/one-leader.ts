import type { Operation } from "@zoolog/zookeeper";
import type { World } from "../world/world.ts";
import type { Invariant } from "./invariant.ts";
import { partitionStatesOf } from "./partition-states.ts";

/** At most one leader of a partition in an epoch; epochs never fall. */
export class OneLeader implements Invariant {
  readonly name = "I8";
  readonly about = "at most one leader of a partition in an epoch, and epochs never fall";
  readonly violations: string[] = [];
  readonly #leaders = new Map<string, { readonly leader: number; readonly leaderEpoch: number }>();

  constructor(world: World) {
    world.writeListeners.push((operations) => this.#written(operations));
  }

  #written(operations: readonly Operation[]): void {
    for (const { partition, leader, leaderEpoch } of partitionStatesOf(operations)) {
      const known = this.#leaders.get(partition);
      this.#leaders.set(partition, { leader, leaderEpoch });
      if (known === undefined || leaderEpoch > known.leaderEpoch) continue;
      if (leaderEpoch < known.leaderEpoch) {
        this.violations.push(`${partition}: epoch ${leaderEpoch} after ${known.leaderEpoch}`);
      } else if (leader !== known.leader && leader !== -1 && known.leader !== -1) {
        const both = `${known.leader} and ${leader}`;
        this.violations.push(`${partition}: ${both} lead in epoch ${leaderEpoch}`);
      }
    }
  }
}
