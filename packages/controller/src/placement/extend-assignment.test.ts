import { type BrokerId, brokerId } from "@zoolog/base";
import fc from "fast-check";
import { extendAssignment } from "./extend-assignment.ts";

const situation = fc.record({
  racks: fc.array(fc.constantFrom("a", "b", "c"), { minLength: 1, maxLength: 8 }),
  before: fc.integer({ min: 0, max: 12 }),
  added: fc.integer({ min: 1, max: 20 }),
  replicationFactor: fc.integer({ min: 1, max: 4 }),
});

const brokersOf = (racks: readonly (string | undefined)[]) =>
  racks.map((rack, id) => ({ brokerId: brokerId(id), rack }));

function spread(ids: readonly BrokerId[], of: number): number {
  const counts = Array.from({ length: of }, (_, id) => ids.filter((other) => other === id).length);
  return Math.max(...counts) - Math.min(...counts);
}

test("an even topic stays even, in leaders and in replicas", () => {
  fc.assert(
    fc.property(situation, ({ racks, before, added, replicationFactor }) => {
      const brokers = brokersOf(racks.map(() => undefined));
      fc.pre(replicationFactor <= brokers.length);
      const existing = extendAssignment({
        brokers,
        existing: [],
        partitions: before,
        replicationFactor,
      });

      const more = extendAssignment({ brokers, existing, partitions: added, replicationFactor });

      const all = [...existing, ...more];
      expect(
        spread(
          all.flatMap(([leader]) => leader ?? []),
          brokers.length,
        ),
      ).toBeLessThan(2);
      expect(spread(all.flat(), brokers.length)).toBeLessThan(3);
    }),
  );
});

test("replicas of a partition stand on different brokers, and on different racks while there are", () => {
  fc.assert(
    fc.property(situation, ({ racks, added, replicationFactor }) => {
      const brokers = brokersOf(racks);
      fc.pre(replicationFactor <= brokers.length);
      const existing = [brokers.slice(0, replicationFactor).map((broker) => broker.brokerId)];

      const more = extendAssignment({ brokers, existing, partitions: added, replicationFactor });

      for (const replicas of more) {
        expect(new Set(replicas).size).toBe(replicationFactor);
        const used = new Set(replicas.map((id) => racks[id]));
        expect(used.size).toBe(Math.min(new Set(racks).size, replicationFactor));
      }
    }),
  );
});

test("a broker that joined since gets its share of what is new", () => {
  const brokers = brokersOf([undefined, undefined, undefined, undefined, undefined]).slice(1);
  const existing = [
    [1, 2],
    [2, 3],
    [3, 1],
  ].map((replicas) => replicas.map(brokerId));

  const more = extendAssignment({ brokers, existing, partitions: 3, replicationFactor: 2 });

  expect(more).toEqual([
    [4, 1],
    [4, 2],
    [3, 4],
  ]);
});
