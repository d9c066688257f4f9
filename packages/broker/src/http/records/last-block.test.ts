import { encodeRecordBatch, RecordBatch } from "@zoolog/protocol";
import { LastBlock } from "./last-block.ts";

const batchOf = (bytes: number, fill: string, compression: "gzip" | "none" = "gzip"): RecordBatch =>
  RecordBatch.parse(
    encodeRecordBatch([{ timestamp: 0, value: fill.repeat(bytes) }], { compression }),
  );

/** The same batch as another read of the log would bring it, perhaps at another place. */
const readAgain = (batch: RecordBatch): RecordBatch => RecordBatch.parse(Buffer.from(batch.bytes));

test("a large batch that is read in steps is inflated once", () => {
  const lastBlock = new LastBlock();
  const batch = batchOf(100_000, "a");

  const block = lastBlock.of(batch);

  expect(lastBlock.of(readAgain(batch))).toBe(block);
  expect(block.equals(batch.inflate())).toBe(true);
});

test("another batch is another block, also where only the memory is the same", () => {
  const lastBlock = new LastBlock();
  const memory = Buffer.from(batchOf(100_000, "a").bytes);
  lastBlock.of(RecordBatch.parse(memory));
  const other = batchOf(100_000, "b");
  other.bytes.copy(memory);

  expect(lastBlock.of(RecordBatch.parse(memory)).equals(other.inflate())).toBe(true);
});

test.each([
  ["small", batchOf(1_000, "a")],
  ["huge", batchOf(17 * 1024 * 1024, "a")],
])("a %s block is not kept", (_what, batch) => {
  const lastBlock = new LastBlock();

  expect(lastBlock.of(batch)).not.toBe(lastBlock.of(readAgain(batch)));
});

test("what is not compressed is taken as it lies there", () => {
  const batch = batchOf(100_000, "a", "none");

  expect(new LastBlock().of(batch).buffer).toBe(batch.bytes.buffer);
});
