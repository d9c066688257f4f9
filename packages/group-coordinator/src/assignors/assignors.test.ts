import type { TopicId } from "@zoolog/base";
import fc from "fast-check";
import type { TopicView } from "../group-context.ts";
import type { PartitionMap } from "../state/stored-group.ts";
import type { AssignableMember, Targets } from "./assignment-input.ts";
import { assignRanges } from "./range-assignor.ts";
import { assignUniformly } from "./uniform-assignor.ts";

const topic = (name: string, partitions: number, racks?: string[][]): TopicView => ({
  name,
  topicId: `#${name}` as TopicId,
  partitions,
  racks,
});

const member = (memberId: string, topics: readonly TopicView[], former: PartitionMap = new Map()) =>
  ({ memberId, rack: undefined, topics, former }) satisfies AssignableMember;

const count = (map: PartitionMap | undefined) =>
  [...(map?.values() ?? [])].reduce((sum, partitions) => sum + partitions.length, 0);

const flat = (map: PartitionMap | undefined) =>
  [...(map ?? [])].flatMap(([id, partitions]) => partitions.map((p) => `${id}-${p}`));

function moves(members: readonly AssignableMember[], targets: Targets): number {
  return members.reduce((sum, { memberId, former }) => {
    const now = new Set(flat(targets.get(memberId)));
    return sum + flat(former).filter((each) => !now.has(each)).length;
  }, 0);
}

/** Each partition once, at somebody who subscribes to it; nothing else. */
function checkComplete(members: readonly AssignableMember[], targets: Targets): void {
  const wanted = new Set(
    members.flatMap(({ topics }) =>
      topics.flatMap(({ topicId, partitions }) =>
        Array.from({ length: partitions }, (_, p) => `${topicId}-${p}`),
      ),
    ),
  );
  const given = members.flatMap(({ memberId }) => flat(targets.get(memberId)));
  expect(new Set(given).size).toBe(given.length);
  expect(new Set(given)).toEqual(wanted);
  for (const { memberId, topics } of members) {
    const ids = new Set(topics.map(({ topicId }) => topicId));
    for (const id of targets.get(memberId)?.keys() ?? []) expect(ids.has(id)).toBe(true);
  }
}

const rounds = fc.array(
  fc.record({
    members: fc.uniqueArray(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: 8 }),
    partitions: fc.array(fc.integer({ min: 0, max: 7 }), { minLength: 1, maxLength: 4 }),
    /** Which topics member i subscribes to, as bits. */
    subscriptions: fc.array(fc.integer({ min: 1, max: 15 }), { minLength: 10, maxLength: 10 }),
  }),
  { minLength: 1, maxLength: 5 },
);

describe("uniform", () => {
  test("the same topics for all: balanced, complete, and no way moves fewer", () => {
    fc.assert(
      fc.property(rounds, (steps) => {
        let former: Targets = new Map();
        for (const { members: ids, partitions } of steps) {
          const topics = partitions.map((n, i) => topic(`t${i}`, n));
          const members = ids.map((i) => member(`m${i}`, topics, former.get(`m${i}`)));
          const targets = assignUniformly({ members });
          checkComplete(members, targets);

          const counts = ids.map((i) => count(targets.get(`m${i}`)));
          expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);

          // Lower bound: what exists and exceeds each one's share, with the extras used best.
          const total = partitions.reduce((a, b) => a + b, 0);
          const share = Math.floor(total / ids.length);
          let extras = total % ids.length;
          let gone = 0;
          for (const { former: had } of members) {
            const left = flat(had).filter((each) => {
              const [id, p] = each.split("-");
              return Number(p) < (topics.find(({ topicId }) => topicId === id)?.partitions ?? 0);
            }).length;
            gone += flat(had).length - left;
            if (left > share && extras > 0) extras--;
            else if (left > share) gone++;
            gone += Math.max(0, left - share - 1);
          }
          expect(moves(members, targets)).toBe(gone);
          former = targets;
        }
      }),
    );
  });

  test("other topics for each: complete, and nobody could pass one on to balance it better", () => {
    fc.assert(
      fc.property(rounds, (steps) => {
        let former: Targets = new Map();
        for (const { members: ids, partitions, subscriptions } of steps) {
          const all = partitions.map((n, i) => topic(`t${i}`, n));
          const members = ids.map((i) => {
            const wanted = all.filter((_, t) => ((subscriptions[i]! >> t) & 1) === 1);
            return member(`m${i}`, wanted, former.get(`m${i}`));
          });
          const targets = assignUniformly({ members });
          checkComplete(members, targets);
          for (const from of members) {
            const least = Math.min(...reachable(from, members, targets).map((m) => size(m)));
            expect(size(from) - least).toBeLessThanOrEqual(1);
          }
          // Again with the same: nothing moves.
          const settled = members.map((m) => ({ ...m, former: targets.get(m.memberId)! }));
          expect(moves(settled, assignUniformly({ members: settled }))).toBe(0);
          former = targets;

          function size({ memberId }: AssignableMember): number {
            return count(targets.get(memberId));
          }
        }
      }),
    );
  });

  test("a partition can be passed on along a chain", () => {
    const [t1, t2] = [topic("t1", 3), topic("t2", 3)];
    const has = (...pairs: [TopicView, number[]][]): PartitionMap =>
      new Map(pairs.map(([{ topicId }, partitions]) => [topicId, partitions]));
    const members = [
      member("a", [t1], has([t1, [0, 1, 2]])),
      member("b", [t1, t2], has([t2, [0, 1]])),
      member("c", [t2], has([t2, [2]])),
    ];

    const targets = assignUniformly({ members });

    expect(["a", "b", "c"].map((id) => count(targets.get(id)))).toEqual([2, 2, 2]);
    expect(moves(members, targets)).toBe(2);
  });

  test("free partitions go to the racks of their replicas where that costs no balance", () => {
    const topics = [topic("t", 4, [["r1"], ["r2"], ["r1"], ["r2"]])];
    const members = ["r1", "r2"].map((rack) => ({ ...member(rack, topics), rack }));

    const targets = assignUniformly({ members });

    expect(flat(targets.get("r1"))).toEqual(["#t-0", "#t-2"]);
    expect(flat(targets.get("r2"))).toEqual(["#t-1", "#t-3"]);
  });
});

/** Members that a partition of `from` can be passed on to, perhaps along a chain. */
function reachable(
  from: AssignableMember,
  members: readonly AssignableMember[],
  targets: Targets,
): AssignableMember[] {
  const reached = [from];
  for (const each of reached) {
    for (const [id] of targets.get(each.memberId) ?? []) {
      for (const other of members) {
        if (reached.includes(other)) continue;
        if (other.topics.some(({ topicId }) => topicId === id)) reached.push(other);
      }
    }
  }
  return reached;
}

describe("range", () => {
  test("partition N of topics with as many partitions is at one member", () => {
    const topics = [topic("orders", 5), topic("payments", 5)];
    const targets = assignRanges({ members: ["a", "b"].map((id) => member(id, topics)) });

    expect(flat(targets.get("a"))).toEqual(
      ["orders", "payments"].flatMap((t) => [0, 1, 2].map((p) => `#${t}-${p}`)),
    );
    expect(count(targets.get("b"))).toBe(4);
  });

  test("every partition is assigned once to a subscriber", () => {
    fc.assert(
      fc.property(rounds, ([step]) => {
        const { members: ids, partitions, subscriptions } = step!;
        const all = partitions.map((n, i) => topic(`t${i}`, n));
        const members = ids.map((i) =>
          member(
            `m${i}`,
            all.filter((_, t) => ((subscriptions[i]! >> t) & 1) === 1),
          ),
        );

        checkComplete(members, assignRanges({ members }));
      }),
    );
  });
});
