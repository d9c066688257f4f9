import { leaderEpoch, offset } from "@zoolog/base";
import { encodeRecordBatch, RecordBatch } from "@zoolog/protocol";
import { AssignedPartition } from "./assigned-partition.ts";

/** A batch of so many records as a leader has stored it. */
function stored(baseOffset: number, count: number): Buffer {
  const records = Array.from({ length: count }, (_, i) => ({ timestamp: i, value: `${i}` }));
  const bytes = Buffer.from(encodeRecordBatch(records));
  RecordBatch.parse(bytes).assign({ baseOffset: offset(baseOffset), leaderEpoch: leaderEpoch(0) });
  return bytes;
}

function partitionAt(position: number): AssignedPartition {
  const partition = new AssignedPartition({ topic: "t", partition: 0 }, { at: "start" });
  partition.beginAt(position);
  return partition;
}

test("batches that end before the position are passed over, and it never moves back", () => {
  const partition = partitionAt(4);

  partition.receive(Buffer.concat([stored(0, 2), stored(2, 2), stored(4, 2)]));

  expect(partition.fetchOffset).toBe(6);
  expect(partition.takeBatch(true)?.baseOffset).toBe(4);
  expect(partition.position).toBe(4);
  expect(partition.takeBatch(true)).toBeUndefined();
  expect(partition.bufferedBytes).toBe(0);
});

test("a batch whose end is missing is left for the next fetch", () => {
  const partition = partitionAt(0);
  const second = stored(2, 2);

  partition.receive(Buffer.concat([stored(0, 2), second.subarray(0, second.length - 1)]));

  expect(partition.fetchOffset).toBe(2);
  expect(partition.takeBatch(true)?.baseOffset).toBe(0);
  expect(partition.takeBatch(true)).toBeUndefined();
});

test("bytes that are no batch are an error that names the offset, after what stands before", () => {
  const partition = partitionAt(0);

  const receive = () => partition.receive(Buffer.concat([stored(0, 2), Buffer.alloc(100)]));

  expect(receive).toThrow(expect.objectContaining({ code: "CORRUPT_MESSAGE" }));
  expect(partition.takeBatch(true)?.baseOffset).toBe(0);
});
