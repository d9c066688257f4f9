import { offset, timestamp } from "@zoolog/base";
import { TimeIndex } from "./time-index.ts";

function indexOf(...entries: [number, number][]): TimeIndex {
  const index = new TimeIndex(offset(100));
  for (const [time, last] of entries) {
    index.appendIfNewer({ timestamp: timestamp(time), lastOffset: offset(last) });
  }
  return index;
}

test("only entries that are newer are taken", () => {
  const index = indexOf([500, 105], [500, 110], [400, 115], [600, 120], [-1, 125]);

  expect(index.count).toBe(2);
  expect(index.last()).toEqual({ timestamp: 600, lastOffset: 120 });
});

test("lookupBefore finds the last entry that is older", () => {
  const index = indexOf([500, 105], [600, 120], [700, 130]);

  expect(index.lookupBefore(timestamp(500))).toBeUndefined();
  expect(index.lookupBefore(timestamp(501))?.lastOffset).toBe(105);
  expect(index.lookupBefore(timestamp(700))?.lastOffset).toBe(120);
  expect(index.lookupBefore(timestamp(9_999))?.lastOffset).toBe(130);
});

test("truncation drops entries of batches that end at or above the offset", () => {
  const index = indexOf([500, 105], [600, 120], [700, 130]);

  index.truncateTo(offset(120));

  expect(index.last()).toEqual({ timestamp: 500, lastOffset: 105 });
});

test("times beyond 32 bits survive the file's form", () => {
  const index = indexOf([1_763_000_000_000, 105], [2 ** 53 - 1, 106]);

  expect(new TimeIndex(offset(100), index.table.bytes.subarray(0, 24)).last()).toEqual({
    timestamp: 2 ** 53 - 1,
    lastOffset: 106,
  });
});

test("an index that does not rise, or holds no possible time, keeps the part that does", () => {
  const index = indexOf([500, 105], [600, 120], [700, 130]);
  index.table.bytes.writeInt32BE(0x7fff_ffff, 2 * 12);

  expect(index.fault()).toBe("entry 2 does not rise");
  index.truncateToSoundPrefix();

  expect(index.last()?.lastOffset).toBe(120);
});
