import { type Invariant, note } from "./invariant.ts";
import type { SeenLeader } from "./leader-looks.ts";

/** What followers say when they cut what they took for committed; `replication/follower`. */
const CUT_COMMITTED = "log is cut below the high watermark";

/**
 * High watermarks never fall: of a leader in its epoch, by its own word, and of a follower when it
 * cuts its log. That no member of the ISR is behind them is looked at with the bytes (I7).
 */
export class HighWatermarks implements Invariant {
  readonly name = "I10";
  readonly about =
    "a high watermark never falls while one broker leads, and nobody cuts what it took for committed (KIP-101, KAFKA-14704)";
  readonly violations: string[] = [];
  readonly #newest = new Map<string, SeenLeader>();

  seen(seen: SeenLeader): void {
    const { brokerId, leaderEpoch, highWatermark } = seen;
    const key = `${seen.topicId} ${seen.partition}`;
    const known = this.#newest.get(key);
    if (known !== undefined && known.leaderEpoch > leaderEpoch) return;
    const isSame = known?.leaderEpoch === leaderEpoch && known.brokerId === brokerId;
    if (known !== undefined && isSame && highWatermark < known.highWatermark) {
      const where = `${seen.partition} of broker ${brokerId} in epoch ${leaderEpoch}`;
      note(this.violations, `${where}: ${highWatermark} after ${known.highWatermark}`);
    }
    this.#newest.set(key, seen);
  }

  /** @param fields of a line that a broker has logged. */
  logged(event: string, fields: Readonly<Record<string, unknown>>): void {
    if (event !== CUT_COMMITTED) return;
    const { topicPartition, brokerId, to, highWatermark } = fields;
    const who = `${String(topicPartition)} of broker ${String(brokerId)}`;
    note(this.violations, `${who} is cut to ${String(to)}, below ${String(highWatermark)}`);
  }
}
