import { type BrokerId, brokerId } from "@zoolog/base";
import fc from "fast-check";
import { assignSlots, type HeldSlot } from "./slot-assignment.ts";

const slots = (...holders: readonly (number | undefined)[]): HeldSlot[] =>
  holders.map((holder) => ({
    brokerId: holder === undefined ? undefined : brokerId(holder),
    isOver: false,
  }));
const brokers = (...ids: readonly number[]): BrokerId[] => ids.map(brokerId);

test("who joins is given its part by those who hold most, and no more", () => {
  expect(assignSlots(slots(1, 1, 1, 1, 2), brokers(1, 2, 3))).toEqual([1, 1, 2, 3, 2]);
});

test("a slot that must begin anew anyway is the first to go", () => {
  const held = slots(1, 1).map((slot, i) => ({ ...slot, isOver: i === 0 }));

  expect(assignSlots(held, brokers(1, 2))).toEqual([2, 1]);
});

test("slots are spread evenly, and with the fewest moves that this takes", () => {
  const holder = fc.option(fc.integer({ min: 0, max: 6 }), { nil: undefined });
  const ids = fc.uniqueArray(fc.integer({ min: 0, max: 6 }), { minLength: 1 });
  fc.assert(
    fc.property(fc.array(holder, { maxLength: 12 }), ids, (holders, there) => {
      const held = slots(...holders);

      const assigned = assignSlots(held, brokers(...there));

      const count = (id: number) => assigned.filter((broker) => broker === id).length;
      const counts = there.map(count);
      expect(assigned.every((broker) => there.includes(broker))).toBe(true);
      expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
      const stayed = assigned.filter((broker, i) => broker === holders[i]).length;
      expect(stayed).toBe(mostThatCanStay(holders, there));
    }),
  );
});

/** By trying every way to say who gets one more. */
function mostThatCanStay(
  holders: readonly (number | undefined)[],
  there: readonly number[],
): number {
  const least = Math.floor(holders.length / there.length);
  const more = holders.length % there.length;
  let most = 0;
  for (let chosen = 0; chosen < 2 ** there.length; chosen++) {
    const quotas = there.map((_, i) => least + ((chosen >> i) & 1));
    if (quotas.reduce((sum, quota) => sum + quota - least, 0) !== more) continue;
    const stay = there.map((id, i) =>
      Math.min(quotas[i]!, holders.filter((holder) => holder === id).length),
    );
    most = Math.max(
      most,
      stay.reduce((sum, n) => sum + n, 0),
    );
  }
  return most;
}
