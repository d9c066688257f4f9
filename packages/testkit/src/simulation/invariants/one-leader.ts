import { type Invariant, note } from "./invariant.ts";
import type { SeenLeader } from "./leader-looks.ts";
import type { WrittenState } from "./partition-states.ts";

/** At most one leader of a partition in an epoch; epochs never fall. */
export class OneLeader implements Invariant {
  readonly name = "I8";
  readonly about =
    "at most one broker leads a partition in an epoch, by ZooKeeper and by its own word, and epochs never fall (Kafka's replication protocol; LeaderInIsr)";
  readonly violations: string[] = [];
  /** By topic id, partition and epoch: who said that it leads. */
  readonly #acting = new Map<string, number>();

  written(state: WrittenState, before: WrittenState | undefined): void {
    const { partition, leader, leaderEpoch, isr } = state;
    if (leader !== undefined && !isr.includes(leader)) {
      note(this.violations, `${partition}: leader ${leader} is not in its ISR ${isr.join(",")}`);
    }
    if (before === undefined || leaderEpoch > before.leaderEpoch) return;
    if (leaderEpoch < before.leaderEpoch) {
      note(this.violations, `${partition}: epoch ${leaderEpoch} after ${before.leaderEpoch}`);
    } else if (leader !== before.leader && leader !== undefined && before.leader !== undefined) {
      const both = `${before.leader} and ${leader}`;
      note(this.violations, `${partition}: ${both} lead in epoch ${leaderEpoch}`);
    }
  }

  seen({ brokerId, leaderEpoch, partition, topicId }: SeenLeader): void {
    const key = `${topicId} ${partition} ${leaderEpoch}`;
    const known = this.#acting.get(key);
    if (known === undefined) this.#acting.set(key, brokerId);
    else if (known !== brokerId) {
      const both = `${known} and ${brokerId}`;
      note(this.violations, `${partition}: ${both} act as leaders in epoch ${leaderEpoch}`);
    }
  }
}
