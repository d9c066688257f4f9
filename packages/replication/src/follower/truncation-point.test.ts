import { type LeaderEpoch, leaderEpoch, type Offset, offset } from "@zoolog/base";
import fc from "fast-check";
import { truncationPoint } from "./truncation-point.ts";

/** A log as the epochs of its records, one each. */
type History = readonly number[];

function endOffsetFor(history: History, epoch: LeaderEpoch) {
  const newest = history.at(-1);
  const [oldest] = history;
  if (newest === undefined || oldest === undefined || epoch > newest) return undefined;
  if (epoch < oldest) return { epoch, endOffset: offset(0) };
  const last = history.findLastIndex((written) => written <= epoch);
  return { epoch: leaderEpoch(history[last] ?? 0), endOffset: offset(last + 1) };
}

/** One round: what is left of the follower's log, or that it is a prefix of the leader's. */
function reconcile(leader: History, follower: History): History | "prefix" {
  const newest = follower.at(-1);
  if (newest === undefined) return "prefix";
  const end = endOffsetFor(leader, leaderEpoch(newest));
  if (end === undefined) throw new Error("the leader's epoch is at least the follower's");
  if (end.epoch >= newest && end.endOffset >= follower.length) return "prefix";
  const to = truncationPoint(
    { leaderEpoch: end.epoch, endOffset: end.endOffset },
    {
      endOffsetFor: (epoch) => endOffsetFor(follower, epoch),
      logEndOffset: offset(follower.length),
    },
  );
  return follower.slice(0, to);
}

function rounds(leader: History, follower: History): History[] {
  const seen = [follower];
  for (let rest = follower; ; ) {
    const next = reconcile(leader, rest);
    if (next === "prefix") return seen;
    expect(next.length).toBeLessThan(rest.length);
    seen.push(next);
    rest = next;
  }
}

test("what the leader never had of a common epoch is cut", () => {
  expect(rounds([1, 1, 1, 1, 3], [1, 1, 1, 1, 2, 2]).at(-1)).toEqual([1, 1, 1, 1]);
});

test("after several fast elections the last common epoch is looked for, not the newest", () => {
  const leader = [1, 1, 3, 3, 5];
  const follower = [1, 1, 2, 2, 4];

  expect(rounds(leader, follower).at(-1)).toEqual([1, 1]);
});

test("a follower that is a prefix is not cut, whatever its high watermark", () => {
  expect(rounds([1, 1, 2], [1, 1])).toEqual([[1, 1]]);
});

/** Histories that share a beginning, as one epoch has one leader: equal epochs, equal records. */
const forks = fc
  .record({
    common: fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 6 }),
    leader: fc.array(fc.integer({ min: 2, max: 6 }), { maxLength: 6 }),
    follower: fc.array(fc.integer({ min: 2, max: 6 }), { maxLength: 6 }),
  })
  .map(({ common, leader, follower }) => {
    const base = common.toSorted((a, b) => a - b);
    // Odd epochs were the leader's, even ones the follower's.
    const own = (epochs: number[], parity: number) =>
      epochs.map((epoch) => 2 * epoch + parity).toSorted((a, b) => a - b);
    return {
      common: base,
      leader: [...base, ...own(leader, 1), 99],
      follower: [...base, ...own(follower, 0)],
    };
  });

test("whatever the histories, all that differs is cut and nothing else, in a few rounds", () => {
  fc.assert(
    fc.property(forks, ({ common, leader, follower }) => {
      const left = rounds(leader, follower).at(-1) ?? [];

      expect(left).toEqual(leader.slice(0, left.length));
      expect(left.length).toBeGreaterThanOrEqual(common.length);
    }),
  );
});

test("a follower that begins above the leader's end starts over there", () => {
  const to = truncationPoint(
    { leaderEpoch: leaderEpoch(2), endOffset: 20 as Offset },
    {
      endOffsetFor: (epoch) => ({ epoch, endOffset: offset(30) }),
      logEndOffset: offset(50),
    },
  );

  expect(to).toBe(20);
});
