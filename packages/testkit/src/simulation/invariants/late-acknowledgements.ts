import type { FinalLog } from "../../history/history.ts";
import type { NamedSend } from "../world/world-history.ts";
import { type Invariant, note } from "./invariant.ts";
import type { WrittenState } from "./partition-states.ts";

/**
 * Where leaders change only because a session has ended, the one before has no lease any more: what
 * was sent after the newest change was acknowledged by the leader that still leads, or by nobody. So
 * not even `acks=1` may lose it.
 */
export class LateAcknowledgements implements Invariant {
  readonly name = "I8";
  readonly about = "nobody acknowledges for a partition that another one leads (decision 015)";
  readonly violations: string[] = [];
  /** By `<topic>-<partition>`: true time of the newest change of its leader. */
  readonly #changedAt = new Map<string, number>();

  written(state: WrittenState, before: WrittenState | undefined): void {
    if (state.leader === before?.leader) return;
    this.#changedAt.set(state.partition, state.writtenAtMs);
  }

  judge(sends: readonly NamedSend[], finalLogs: readonly FinalLog[]): void {
    const kept = new Set(finalLogs.flatMap(({ records }) => records.map(([, value]) => value)));
    for (const { offset, outcome, partition, sentAt, topic, value } of sends) {
      const changedAt = this.#changedAt.get(`${topic}-${partition}`) ?? Number.POSITIVE_INFINITY;
      if (outcome !== "ok" || sentAt <= changedAt || kept.has(value)) continue;
      const when = `sent at ${Math.round(sentAt)}, its leader leads since ${Math.round(changedAt)}`;
      note(this.violations, `${value}, acknowledged at ${topic}-${partition} ${offset}: ${when}`);
    }
  }
}
