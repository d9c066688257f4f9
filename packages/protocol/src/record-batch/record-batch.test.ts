import { leaderEpoch, offset, timestamp } from "@zoolog/base";
import { BatchCursor } from "./batch-cursor.ts";
import { encodeRecordBatch } from "./encode-record-batch.ts";
import { RecordBatch } from "./record-batch.ts";
import { splitBatches } from "./split-batches.ts";

const sample = () =>
  encodeRecordBatch([
    { timestamp: 1_700_000_000_000, key: "k", value: "välue" },
    { timestamp: 1_700_000_000_005, key: null, value: Buffer.from([0, 1, 2]) },
    { timestamp: 1_699_999_999_990, value: null, headers: [{ key: "h", value: null }] },
  ]);

test("a batch gives back the records that were put in", () => {
  const batch = RecordBatch.parse(sample());

  const records = [...batch.records()];

  expect(records).toEqual([
    {
      offset: 0,
      timestamp: 1_700_000_000_000,
      key: Buffer.from("k"),
      value: Buffer.from("välue"),
      headers: [],
    },
    {
      offset: 1,
      timestamp: 1_700_000_000_005,
      key: null,
      value: Buffer.from([0, 1, 2]),
      headers: [],
    },
    {
      offset: 2,
      timestamp: 1_699_999_999_990,
      key: null,
      value: null,
      headers: [{ key: "h", value: null }],
    },
  ]);
  expect(batch.maxTimestamp).toBe(1_700_000_000_005);
  expect(batch.hasValidChecksum()).toBe(true);
});

test("assigning a place leaves the checksum valid", () => {
  const batch = RecordBatch.parse(sample());

  batch.assign({ baseOffset: offset(2 ** 40 + 7), leaderEpoch: leaderEpoch(3) });

  expect(batch.baseOffset).toBe(2 ** 40 + 7);
  expect(batch.nextOffset).toBe(2 ** 40 + 10);
  expect(batch.partitionLeaderEpoch).toBe(3);
  expect(batch.hasValidChecksum()).toBe(true);
});

test("the append time becomes every record's time, under a new checksum", () => {
  const batch = RecordBatch.parse(sample());

  batch.stampLogAppendTime(timestamp(1_800_000_000_000));

  expect(batch.timestampType).toBe("logAppendTime");
  expect([...batch.records()].map((record) => record.timestamp)).toEqual(
    Array(3).fill(1_800_000_000_000),
  );
  expect(batch.hasValidChecksum()).toBe(true);
});

test("splitting leaves out a last batch that is cut off anywhere", () => {
  const one = sample();
  for (let cut = 0; cut < one.length; cut++) {
    const bytes = Buffer.concat([one, one, one.subarray(0, cut)]);
    expect([...splitBatches(bytes)]).toHaveLength(2);
  }
});

test("a cursor tells zeros from a torn batch", () => {
  const cursor = new BatchCursor({ batchBytesMax: 1_000_000 });

  expect(cursor.look(Buffer.alloc(100), 0)).toBe("corrupt");
  expect(cursor.fault).toBe("lengthOutOfRange");
  expect(cursor.look(sample().subarray(0, 40), 0)).toBe("partial");
  expect(cursor.bytesNeeded).toBe(sample().length);
  expect(cursor.look(sample(), 0)).toBe("whole");
  expect(cursor.checksumMatches()).toBe(true);
});
