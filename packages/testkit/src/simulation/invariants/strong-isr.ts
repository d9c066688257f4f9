import type { World } from "../world/world.ts";
import type { HighWatermarks } from "./high-watermarks.ts";
import { type Invariant, NOTED_VIOLATIONS_MAX } from "./invariant.ts";
import { type PartitionStateWrite, partitionStatesOf } from "./partition-states.ts";
import { bytesBelow } from "./replica-bytes.ts";

/** Events between two looks: each compares the bytes of all replicas. */
const LOOK_EVENTS = 5_000;

type WrittenState = PartitionStateWrite & { readonly writtenAtMs: number };

/** Each member of an ISR has everything below the high watermark, in the same bytes. */
export class StrongIsr implements Invariant {
  readonly name = "I7";
  readonly about = "every member of an ISR has the same bytes below the high watermark";
  readonly violations: string[] = [];
  readonly #world: World;
  readonly #highWatermarks: HighWatermarks;
  readonly #states = new Map<string, WrittenState>();
  looks = 0;

  constructor(dependencies: { readonly world: World; readonly highWatermarks: HighWatermarks }) {
    this.#world = dependencies.world;
    this.#highWatermarks = dependencies.highWatermarks;
    const { schedule, writeListeners } = this.#world;
    writeListeners.push((operations) => {
      for (const state of partitionStatesOf(operations)) {
        this.#states.set(state.partition, { ...state, writtenAtMs: schedule.nowMs });
      }
    });
    schedule.observe(LOOK_EVENTS, () => this.look());
  }

  look(): void {
    for (const state of this.#states.values()) this.#lookAt(state);
  }

  #lookAt({ partition, isr, leader, leaderEpoch, writtenAtMs }: WrittenState): void {
    const high = this.#highWatermarks.newest.get(partition);
    if (high?.leaderEpoch !== leaderEpoch || high.brokerId !== leader) return;
    const members = this.#world.hosts.filter(
      // Who registered later may be in doubt, and on its way out of the ISR.
      (host) => isr.includes(host.brokerId) && host.broker && host.registeredAtMs < writtenAtMs,
    );
    const leading = members.find(({ brokerId }) => brokerId === leader);
    if (leading === undefined) return;
    const expected = bytesBelow(leading, partition, high.offset);
    this.looks += 1;
    for (const member of members) {
      const bytes = bytesBelow(member, partition, high.offset);
      if (bytes.equals(expected) || this.violations.length >= NOTED_VIOLATIONS_MAX) continue;
      const sizes = `${bytes.length} bytes, the leader ${leader} has ${expected.length}`;
      const at = `${Math.round(this.#world.schedule.nowMs)} ms`;
      this.violations.push(
        `${partition} of ${member.brokerId} below ${high.offset} at ${at}: ${sizes}`,
      );
    }
  }
}
