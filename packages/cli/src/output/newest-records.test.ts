import fc from "fast-check";
import { NewestRecords } from "./newest-records.ts";
import type { FormattedRecord } from "./record-format.ts";

const recordAt = (timestamp: number, partition: number, offset: number): FormattedRecord => ({
  topic: "t",
  partition,
  offset,
  timestamp,
  keyBytes: undefined,
  valueBytes: undefined,
  headers: [],
});

test("the newest records are those that sorting all of them would give", () => {
  const records = fc.uniqueArray(
    fc.tuple(fc.nat({ max: 50 }), fc.nat({ max: 3 }), fc.nat({ max: 100 })),
    { selector: ([, partition, offset]) => `${partition}-${offset}` },
  );
  fc.assert(
    fc.property(records, fc.nat({ max: 20 }), (all, count) => {
      const newest = new NewestRecords(count);
      for (const [timestamp, partition, offset] of all) {
        newest.add(recordAt(timestamp, partition, offset));
      }

      const key = (r: FormattedRecord) => [r.timestamp, r.offset, r.partition];
      const sorted = all
        .map(([timestamp, partition, offset]) => [timestamp, offset, partition])
        .sort((a, b) => a[0]! - b[0]! || a[1]! - b[1]! || a[2]! - b[2]!);
      expect(newest.oldestFirst().map(key)).toEqual(count === 0 ? [] : sorted.slice(-count));
    }),
  );
});
