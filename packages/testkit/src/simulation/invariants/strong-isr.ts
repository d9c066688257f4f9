import type { SimulatedHost } from "../world/simulated-host.ts";
import { type Invariant, note } from "./invariant.ts";
import type { SeenLeader } from "./leader-looks.ts";
import type { WrittenState } from "./partition-states.ts";
import { type ReplicaLog, replicaLog } from "./replica-log.ts";

export type IsrMember = Pick<SimulatedHost, "brokerId" | "registeredAtMs" | "disk"> & {
  /** `undefined`: it does not run. */
  readonly broker: object | undefined;
};

/**
 * What was once committed is there with every member of the ISR, in the same bytes: whoever of them
 * is elected next has it. Committed is what any leader has taken for so, in whatever epoch.
 */
export class StrongIsr implements Invariant {
  readonly name = "I7";
  readonly about =
    "every member of an ISR has everything that was ever committed, in the same bytes (StrongIsr of the Kafka specification)";
  readonly violations: string[] = [];
  readonly #hosts: readonly IsrMember[];
  readonly #nowMs: () => number;
  readonly #deletedBelow: ReadonlyMap<string, number>;
  /** By partition: the topic, and how far it has ever been committed. */
  readonly #committed = new Map<string, { topicId: string; offset: number }>();
  /** Comparisons of replicas so far. */
  looks = 0;

  constructor(dependencies: {
    readonly hosts: readonly IsrMember[];
    readonly nowMs: () => number;
    /** By partition; files keep what was deleted for a while, and it may be anybody's. */
    readonly deletedBelow?: ReadonlyMap<string, number>;
  }) {
    this.#hosts = dependencies.hosts;
    this.#nowMs = dependencies.nowMs;
    this.#deletedBelow = dependencies.deletedBelow ?? new Map();
  }

  seen({ partition, topicId, highWatermark }: SeenLeader): void {
    const known = this.#committed.get(partition);
    if (known?.topicId !== topicId) {
      this.#committed.set(partition, { topicId, offset: highWatermark });
    } else if (highWatermark > known.offset) known.offset = highWatermark;
  }

  /** Nobody of the former ISR is in this one: an unclean election has given up what was committed. */
  written({ isr, partition }: WrittenState, before: WrittenState | undefined): void {
    if (before !== undefined && !isr.some((member) => before.isr.includes(member))) {
      this.#committed.delete(partition);
    }
  }

  removed(partition: string): void {
    this.#committed.delete(partition);
  }

  look(state: WrittenState): void {
    const { partition, isr, writtenAtMs } = state;
    const committed = this.#committed.get(partition)?.offset;
    if (committed === undefined) return;
    const members = this.#hosts.flatMap((host) => {
      // Who registered later may be in doubt, and on its way out of the ISR.
      const isTrusted = host.broker !== undefined && host.registeredAtMs < writtenAtMs;
      if (!isTrusted || !isr.includes(host.brokerId)) return [];
      // Nobody has read yet what a fault has damaged there.
      if (host.disk.damage.paths().some((path) => path.startsWith(`/data/${partition}/`)))
        return [];
      const log = replicaLog(host.disk, partition);
      return log === undefined ? [] : [{ brokerId: host.brokerId, log }];
    });
    const at = `at ${Math.round(this.#nowMs())} ms`;
    for (const { brokerId, log } of members) {
      if (log.endOffset >= committed) continue;
      const what = `ends at ${log.endOffset}, ${committed} is committed`;
      note(this.violations, `${partition} of ${brokerId} ${what}, ISR ${isr.join(",")} ${at}`);
    }
    const [first, ...others] = members.filter(({ log }) => log.endOffset >= committed);
    for (const other of first === undefined ? [] : others) {
      this.looks += 1;
      const from = this.#deletedBelow.get(partition) ?? 0;
      const difference = differenceBetween({ from, to: committed }, first?.log, other.log);
      if (difference === undefined) continue;
      const both = `${first?.brokerId} and ${other.brokerId}`;
      note(this.violations, `${partition}: ${both} differ from ${difference} on, ${at}`);
    }
  }
}

/** The first offset at which two logs differ; what one of them has deleted is not compared. */
function differenceBetween(
  { from, to }: { readonly from: number; readonly to: number },
  one: ReplicaLog | undefined,
  other: ReplicaLog,
): number | undefined {
  const batches = new Map<number, Buffer>();
  for (const { baseOffset, bytes } of one?.batches ?? []) batches.set(baseOffset, bytes);
  const start = Math.max(from, one?.batches[0]?.baseOffset ?? to);
  let expected: number | undefined;
  for (const { baseOffset, bytes, nextOffset } of other.batches) {
    if (baseOffset >= to) return undefined;
    if (expected !== undefined && baseOffset !== expected) return expected;
    if (baseOffset >= start && batches.get(baseOffset)?.equals(bytes) !== true) return baseOffset;
    expected = nextOffset;
  }
  return undefined;
}
