import fc from "fast-check";
import type { AssignedMember, Assignment, Assignor } from "./assignor.ts";
import { assignCooperativeSticky } from "./cooperative-sticky.ts";
import { assignRange } from "./range.ts";
import { assignRoundRobin } from "./round-robin.ts";
import { assignSticky } from "./sticky.ts";

function member(memberId: string, topics: string[], given: Partial<AssignedMember> = {}) {
  return { memberId, topics, owned: [], generation: undefined, ...given };
}

/** `{ a: "t0 t1" }` */
function shown(assignment: Assignment): Record<string, string> {
  return Object.fromEntries(
    [...assignment].map(([memberId, topics]) => [memberId, keysOf(topics).join(" ")]),
  );
}

function keysOf(topics: AssignedMember["owned"]): string[] {
  return topics.flatMap(({ topic, partitions }) => partitions.map((p) => `${topic}${p}`));
}

/** The next generation of a group: everybody has what they were given, and says so. */
function after(members: readonly AssignedMember[], assignment: Assignment, generation: number) {
  return members.map((m) => ({ ...m, owned: assignment.get(m.memberId) ?? [], generation }));
}

const anyGroup = fc
  .record({
    counts: fc.dictionary(fc.constantFrom("t", "u", "v", "w"), fc.integer({ min: 1, max: 12 }), {
      minKeys: 1,
    }),
    subscriptions: fc.array(fc.subarray(["t", "u", "v", "w"], { minLength: 1 }), {
      minLength: 1,
      maxLength: 7,
    }),
  })
  .map(({ counts, subscriptions }) => ({
    counts: new Map(Object.entries(counts)),
    members: subscriptions.map((topics, i) => member(`m${i}`, topics)),
  }));

type Group = { counts: ReadonlyMap<string, number>; members: AssignedMember[] };

/** Each partition that has a subscriber is with exactly one member, who subscribes to its topic. */
function expectComplete({ counts, members }: Group, assignment: Assignment): void {
  const wanted = [...counts].flatMap(([topic, count]) =>
    members.some(({ topics }) => topics.includes(topic))
      ? Array.from({ length: count }, (_, partition) => `${topic}${partition}`)
      : [],
  );
  const given = [...assignment.values()].flatMap(keysOf);
  expect([...given].sort()).toEqual(wanted.sort());
  expect([...assignment.keys()].sort()).toEqual(members.map(({ memberId }) => memberId).sort());
  for (const { memberId, topics } of members) {
    for (const { topic } of assignment.get(memberId) ?? []) expect(topics).toContain(topic);
  }
}

const load = (assignment: Assignment, memberId: string) =>
  keysOf(assignment.get(memberId) ?? []).length;

/** Nobody has two more than somebody else who could take one of theirs. */
function expectBalanced({ members }: Group, assignment: Assignment): void {
  for (const rich of members) {
    for (const poor of members) {
      const movable = (assignment.get(rich.memberId) ?? []).some(({ topic }) =>
        poor.topics.includes(topic),
      );
      if (!movable) continue;
      const difference = load(assignment, rich.memberId) - load(assignment, poor.memberId);
      expect(difference).toBeLessThanOrEqual(1);
    }
  }
}

describe("every assignor", () => {
  test.each<[string, Assignor]>([
    ["range", assignRange],
    ["roundrobin", assignRoundRobin],
    ["sticky", assignSticky],
    ["cooperative-sticky", assignCooperativeSticky],
  ])("%s gives each partition to one subscriber, whoever leads", (_, assign) => {
    fc.assert(
      fc.property(anyGroup, ({ counts, members }) => {
        const assignment = assign(members, counts);

        expectComplete({ counts, members }, assignment);
        expect(shown(assign([...members].reverse(), counts))).toEqual(shown(assignment));
      }),
    );
  });
});

describe("range", () => {
  test("cuts each topic by itself, the first members get one more", () => {
    const members = [member("b", ["t", "u"]), member("a", ["t", "u"])];
    const counts = new Map(Object.entries({ t: 3, u: 3 }));

    expect(shown(assignRange(members, counts))).toEqual({ a: "t0 t1 u0 u1", b: "t2 u2" });
  });

  test("orders static members by instance id, before the others", () => {
    const members = [member("a", ["t"]), member("z", ["t"], { instanceId: "1" })];

    expect(shown(assignRange(members, new Map([["t", 3]])))).toEqual({ z: "t0 t1", a: "t2" });
  });
});

describe("roundrobin", () => {
  // The example of Kafka's documentation of RoundRobinAssignor.
  test("passes over members that do not subscribe", () => {
    const members = [
      member("c0", ["t0"]),
      member("c1", ["t0", "t1"]),
      member("c2", ["t0", "t1", "t2"]),
    ];
    const counts = new Map(Object.entries({ t0: 1, t1: 2, t2: 3 }));

    expect(shown(assignRoundRobin(members, counts))).toEqual({
      c0: "t00",
      c1: "t10",
      c2: "t11 t20 t21 t22",
    });
  });
});

describe("sticky", () => {
  test("is balanced, and stays as it is when nothing changes", () => {
    fc.assert(
      fc.property(anyGroup, ({ counts, members }) => {
        const first = assignSticky(members, counts);
        expectBalanced({ counts, members }, first);

        const second = assignSticky(after(members, first, 1), counts);

        expect(shown(second)).toEqual(shown(first));
      }),
    );
  });

  test("moves as little as possible when members come and go, all subscribed alike", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 1, max: 8 }),
        fc.integer({ min: 1, max: 8 }),
        (count, before, now) => {
          const counts = new Map([["t", count]]);
          const names = (n: number) => Array.from({ length: n }, (_, i) => member(`m${i}`, ["t"]));
          const first = assignSticky(names(before), counts);
          const members = after(names(now), first, 1);

          const second = assignSticky(members, counts);

          expectComplete({ counts, members }, second);
          expectBalanced({ counts, members }, second);
          // Who stays gives up only what is above the new larger share.
          const most = Math.ceil(count / now);
          const excess = members.map((m) => Math.max(0, keysOf(m.owned).length - most));
          const given = members.map((m) => {
            const still = new Set(keysOf(second.get(m.memberId) ?? []));
            return keysOf(m.owned).filter((key) => !still.has(key)).length;
          });
          const total = (numbers: number[]) => numbers.reduce((a, b) => a + b, 0);
          const rounding = Math.max(0, members.length - 1);
          expect(total(given)).toBeLessThanOrEqual(total(excess) + rounding);
          if (now <= before) expect(total(given)).toBe(0);
        },
      ),
    );
  });

  test("believes the younger generation, and neither of two of the same one", () => {
    const owned = (...partitions: number[]) => [{ topic: "t", partitions }];
    const counts = new Map([["t", 2]]);
    const old = member("a", ["t"], { owned: owned(0, 1), generation: 3 });
    const young = member("b", ["t"], { owned: owned(0), generation: 4 });

    expect(shown(assignSticky([old, young], counts))).toEqual({ a: "t1", b: "t0" });
  });
});

/** One rebalance; nothing may change hands in it. */
function rebalanced(group: readonly AssignedMember[], counts: Group["counts"], generation: number) {
  const given = assignCooperativeSticky(group, counts);
  const had = new Map(group.flatMap((m) => keysOf(m.owned).map((key) => [key, m.memberId])));
  for (const [memberId, topics] of given) {
    for (const key of keysOf(topics)) expect(had.get(key) ?? memberId).toBe(memberId);
  }
  const revoked = group.some((m) => {
    const still = keysOf(given.get(m.memberId) ?? []);
    return keysOf(m.owned).some((key) => !still.includes(key));
  });
  return { group: after(group, given, generation), revoked };
}

function changed(
  group: AssignedMember[],
  what: string,
  name: string,
  counts: Map<string, number>,
): AssignedMember[] {
  if (what === "join") return [...group, member(name, [...counts.keys()])];
  if (what === "leave" && group.length > 1) return group.slice(1);
  if (what === "grow") for (const [topic, count] of counts) counts.set(topic, count + 1);
  return group;
}

describe("cooperative-sticky", () => {
  test("never hands a partition over directly, and gets to a balanced end", () => {
    const change = fc.array(fc.constantFrom("none", "join", "leave", "grow"), { maxLength: 6 });
    fc.assert(
      fc.property(anyGroup, change, ({ counts, members }, changes) => {
        let group: AssignedMember[] = members;
        let generation = 0;
        for (const [i, what] of ["none", ...changes].entries()) {
          group = changed(group, what, `n${i}`, counts);
          let round = { group, revoked: true };
          for (let rounds = 0; round.revoked; rounds++) {
            expect(rounds).toBeLessThanOrEqual(2);
            generation += 1;
            round = rebalanced(round.group, counts, generation);
          }
          group = round.group;
          const end = new Map(group.map((m) => [m.memberId, m.owned]));
          expectComplete({ counts, members: group }, end);
          expectBalanced({ counts, members: group }, end);
        }
      }),
    );
  });
});
