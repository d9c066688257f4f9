import { offset } from "@zoolog/base";
import fc from "fast-check";
import {
  effectiveMinInsyncReplicas,
  type HighWatermarkInput,
  nextHighWatermark,
} from "./high-watermark.ts";

const followers = (...ends: (number | undefined)[]): HighWatermarkInput["followerEndOffsets"] =>
  ends.map((end) => (end === undefined ? undefined : offset(end)));

const input = (given: Partial<HighWatermarkInput>): HighWatermarkInput => ({
  current: offset(0),
  leaderEndOffset: offset(0),
  followerEndOffsets: followers(),
  isrSize: 1,
  minInsyncReplicas: 1,
  ...given,
});

test("a partition with one replica is committed up to the leader's own end", () => {
  expect(nextHighWatermark(input({ leaderEndOffset: offset(7) }))).toBe(7);
});

test("the slowest member of the maximal ISR decides", () => {
  const next = nextHighWatermark(
    input({ leaderEndOffset: offset(9), followerEndOffsets: followers(4, 6), isrSize: 3 }),
  );

  expect(next).toBe(4);
});

test("a member that has not fetched in this epoch holds the high watermark", () => {
  const next = nextHighWatermark(
    input({
      current: offset(3),
      leaderEndOffset: offset(9),
      followerEndOffsets: followers(8, undefined),
      isrSize: 3,
    }),
  );

  expect(next).toBe(3);
});

test("an ISR below min.insync.replicas commits nothing", () => {
  const next = nextHighWatermark(
    input({ current: offset(3), leaderEndOffset: offset(9), isrSize: 1, minInsyncReplicas: 2 }),
  );

  expect(next).toBe(3);
});

test("a topic with one replica needs one, whatever min.insync.replicas says", () => {
  expect(effectiveMinInsyncReplicas(2, 1)).toBe(1);
  expect(effectiveMinInsyncReplicas(2, 3)).toBe(2);
});

test("it never moves back and never passes anyone who counts", () => {
  const offsets = fc.nat({ max: 20 });
  fc.assert(
    fc.property(
      offsets,
      offsets,
      fc.array(offsets, { maxLength: 4 }),
      fc.integer({ min: 1, max: 5 }),
      (current, leader, ends, minInsyncReplicas) => {
        const next = nextHighWatermark({
          current: offset(current),
          leaderEndOffset: offset(leader),
          followerEndOffsets: followers(...ends),
          isrSize: ends.length + 1,
          minInsyncReplicas,
        });

        expect(next).toBeGreaterThanOrEqual(current);
        if (next > current) {
          expect(next).toBe(Math.min(leader, ...ends));
          expect(ends.length + 1).toBeGreaterThanOrEqual(minInsyncReplicas);
        }
      },
    ),
  );
});
