import { assert, type BrokerId } from "@zoolog/base";

export type HeldSlot = {
  readonly brokerId: BrokerId | undefined;
  /** Its coordinator must begin anew anyway: to move it costs nothing more. */
  readonly isOver: boolean;
};

/**
 * Who coordinates which slot: evenly, within one of each other, and with as few moves as that takes.
 * Who holds most may keep one more where the slots cannot be divided.
 *
 * Example: of 5 slots broker 1 holds four and broker 2 one; broker 3 joins. Quotas are 2, 2 and 1,
 * in the order of what they hold: broker 1 gives two away, one to each.
 *
 * @param brokers at least one; answers one of them for each of `slots`.
 */
export function assignSlots(
  slots: readonly HeldSlot[],
  brokers: readonly BrokerId[],
): readonly BrokerId[] {
  assert(brokers.length > 0, "somebody can coordinate");
  const quotas = quotasOf(slots, brokers);
  const assigned = new Array<BrokerId | undefined>(slots.length);
  // Those that must begin anew are the first to go: they come last here.
  const byCost = [...slots.keys()].sort((a, b) => costOf(slots[a]) - costOf(slots[b]) || a - b);
  for (const slot of byCost) {
    const holder = slots[slot]?.brokerId;
    const left = holder === undefined ? undefined : quotas.get(holder);
    if (holder === undefined || left === undefined || left === 0) continue;
    assigned[slot] = holder;
    quotas.set(holder, left - 1);
  }
  return slots.map((_, slot) => assigned[slot] ?? takeNext(quotas));
}

function costOf(slot: HeldSlot | undefined): number {
  return slot?.isOver === true ? 1 : 0;
}

/** How many slots each broker gets; those who hold most come first. */
function quotasOf(slots: readonly HeldSlot[], brokers: readonly BrokerId[]): Map<BrokerId, number> {
  const held = new Map(brokers.map((broker) => [broker, 0]));
  for (const { brokerId } of slots) {
    if (brokerId === undefined) continue;
    const count = held.get(brokerId);
    if (count !== undefined) held.set(brokerId, count + 1);
  }
  const ranked = [...held].sort(([a, x], [b, y]) => y - x || a - b);
  const least = Math.floor(slots.length / brokers.length);
  const more = slots.length % brokers.length;
  return new Map(ranked.map(([broker], rank) => [broker, rank < more ? least + 1 : least]));
}

/** The broker that still lacks most, so that neighbouring slots go to different ones. */
function takeNext(quotas: Map<BrokerId, number>): BrokerId {
  let next: BrokerId | undefined;
  let most = 0;
  for (const [broker, left] of quotas) {
    if (left <= most) continue;
    most = left;
    next = broker;
  }
  assert(next !== undefined, "the quotas add up to the number of slots");
  quotas.set(next, most - 1);
  return next;
}
