import type { Offset } from "@zoolog/base";
import { offset } from "@zoolog/base";
import fc from "fast-check";
import { OffsetIndex } from "./offset-index.ts";

/** Strictly rising entries above a base offset. */
const entries = fc
  .array(fc.tuple(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 1, max: 9_000 })))
  .map((steps) => {
    let [lastOffset, position] = [99, -1];
    return steps.map(([offsets, bytes]) => {
      lastOffset += offsets;
      position += bytes;
      return { lastOffset: lastOffset as Offset, position };
    });
  });

function indexOf(list: readonly { lastOffset: Offset; position: number }[]): OffsetIndex {
  const index = new OffsetIndex(offset(100));
  for (const { lastOffset, position } of list) index.append(lastOffset, position);
  return index;
}

test("lookup finds the last entry at or below the offset", () => {
  fc.assert(
    fc.property(entries, fc.integer({ min: 0, max: 3_000 }), (list, wanted) => {
      const expected = list.findLast(({ lastOffset }) => lastOffset <= wanted);

      expect(indexOf(list).lookup(offset(wanted))).toEqual(expected);
    }),
  );
});

test("positionUpTo finds the last batch boundary at or below a position", () => {
  fc.assert(
    fc.property(entries, fc.integer({ min: 0, max: 400_000 }), (list, wanted) => {
      const expected = list.findLast(({ position }) => position <= wanted)?.position;

      expect(indexOf(list).positionUpTo(wanted)).toBe(expected);
    }),
  );
});

test("truncation drops the batches that end at or above the offset", () => {
  fc.assert(
    fc.property(entries, fc.integer({ min: 100, max: 3_000 }), (list, wanted) => {
      const index = indexOf(list);

      index.truncateTo(offset(wanted));

      const kept = list.filter(({ lastOffset }) => lastOffset < wanted);
      expect(Array.from({ length: index.count }, (_, i) => index.entry(i))).toEqual(kept);
    }),
  );
});

test("an index that does not rise says so, and keeps the part that does", () => {
  const index = indexOf(
    [1, 2, 3, 4].map((i) => ({ lastOffset: offset(100 + i), position: i * 10 })),
  );
  expect(index.fault()).toBeUndefined();
  index.table.bytes.writeInt32BE(15, 2 * 8 + 4);

  expect(index.fault()).toBe("entry 2 does not rise");
  index.truncateToSoundPrefix();

  expect(index.last()).toEqual({ lastOffset: 102, position: 20 });
});

test("an index is full when one entry more would exceed its bytes", () => {
  const index = indexOf([{ lastOffset: offset(101), position: 10 }]);

  expect(index.isFull(16)).toBe(false);
  expect(index.isFull(15)).toBe(true);
});

test("bytes that are no whole entry are left out", () => {
  expect(new OffsetIndex(offset(0), Buffer.alloc(19)).count).toBe(2);
});
