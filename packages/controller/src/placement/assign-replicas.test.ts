import { brokerId } from "@zoolog/base";
import fc from "fast-check";
import { assignReplicas } from "./assign-replicas.ts";

const cluster = fc.record({
  racks: fc.array(fc.constantFrom("a", "b", "c"), { minLength: 1, maxLength: 9 }),
  rounds: fc.integer({ min: 1, max: 4 }),
  start: fc.nat(),
  replicationFactor: fc.integer({ min: 1, max: 4 }),
});

function counts(ids: readonly number[]): number[] {
  const byId = new Map<number, number>();
  for (const id of ids) byId.set(id, (byId.get(id) ?? 0) + 1);
  return [...byId.values()];
}

test("the example of the documentation", () => {
  const brokers = [0, 1, 2, 3, 4].map((id) => ({ brokerId: brokerId(id), rack: undefined }));

  const assignment = assignReplicas({ brokers, partitions: 7, replicationFactor: 3, start: 0 });

  expect(assignment.map((replicas) => replicas.join(" "))).toEqual([
    "0 1 2",
    "1 2 3",
    "2 3 4",
    "3 4 0",
    "4 0 1",
    "0 2 3",
    "1 3 4",
  ]);
});

test("leaders are spread evenly, replicas of a partition stand on different brokers and racks", () => {
  fc.assert(
    fc.property(cluster, ({ racks, rounds, start, replicationFactor }) => {
      const brokers = racks.map((rack, id) => ({ brokerId: brokerId(id), rack }));
      fc.pre(replicationFactor <= brokers.length);
      const partitions = rounds * brokers.length;

      const assignment = assignReplicas({ brokers, partitions, replicationFactor, start });

      expect(counts(assignment.map((replicas) => replicas[0]!))).toEqual(brokers.map(() => rounds));
      const rackCount = new Set(racks).size;
      for (const replicas of assignment) {
        expect(new Set(replicas).size).toBe(replicationFactor);
        const usedRacks = new Set(replicas.map((id) => racks[id]));
        expect(usedRacks.size).toBe(Math.min(rackCount, replicationFactor));
      }
    }),
  );
});

test("without racks every broker gets the same number of replicas in each full round", () => {
  fc.assert(
    fc.property(cluster, ({ racks, rounds, start, replicationFactor }) => {
      const brokers = racks.map((_, id) => ({ brokerId: brokerId(id), rack: undefined }));
      fc.pre(replicationFactor <= brokers.length);
      const partitions = rounds * brokers.length;

      const assignment = assignReplicas({ brokers, partitions, replicationFactor, start });

      expect(counts(assignment.flat())).toEqual(brokers.map(() => rounds * replicationFactor));
    }),
  );
});

test("one broker without a rack makes racks count for nobody", () => {
  const brokers = [
    { brokerId: brokerId(0), rack: "a" },
    { brokerId: brokerId(1), rack: "a" },
    { brokerId: brokerId(2), rack: undefined },
  ];

  const assignment = assignReplicas({ brokers, partitions: 3, replicationFactor: 2, start: 0 });

  expect(assignment).toEqual([
    [0, 1],
    [1, 2],
    [2, 0],
  ]);
});
