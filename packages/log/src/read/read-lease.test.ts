/** Memory of reads that is used again. */
import { leaderEpoch, type Offset } from "@zoolog/base";
import { batchOf, LogFixture } from "@zoolog/testkit";
import { ReadLease } from "./read-lease.ts";

const EPOCH = { leaderEpoch: leaderEpoch(0) };
/** Large enough to be worth keeping; each batch is one record of one letter again and again. */
const RECORD_BYTES = 200 * 1024;
/** One batch, and no second. */
const PIECE_BYTES = RECORD_BYTES + 100;
const LETTERS = [..."abcdefgh"];

async function filledLog() {
  const fixture = new LogFixture({ limits: { tailCacheBytesMax: 0 } });
  const log = await fixture.open();
  for (const letter of LETTERS) await log.append([batchOf([letter.repeat(RECORD_BYTES)])], EPOCH);
  const read = async (from: number, lease?: ReadLease): Promise<Buffer> => {
    const request = { from: from as Offset, maxBytes: PIECE_BYTES, minOneBatch: true };
    const { batches } = (await log.read({ ...request, lease })) as { batches: readonly Buffer[] };
    return batches[0]!;
  };
  return { fixture, read };
}

/** Which record it is, if every byte of its value is of that one. */
function letterOf(batch: Buffer): string | undefined {
  const value = batch.subarray(-RECORD_BYTES - 1, -1).toString();
  return LETTERS.find((letter) => value === letter.repeat(RECORD_BYTES));
}

test("memory that was given back is read into again", async () => {
  const { read } = await filledLog();
  const lease = new ReadLease();
  const first = await read(0, lease);

  lease.giveBack();
  const second = await read(1, new ReadLease());

  expect(second.buffer).toBe(first.buffer);
  expect(letterOf(second)).toBe("b");
});

test("batches stay as they are until they are given back, whatever else is read", async () => {
  const { read } = await filledLog();
  const [mine, others] = [new ReadLease(), new ReadLease()];
  const batches = [await read(0, mine), await read(1, mine)];

  for (const from of [2, 3, 4]) {
    await read(from, others);
    others.giveBack();
  }

  expect(batches.map(letterOf)).toEqual(["a", "b"]);
});

test("who reads without a lease has memory that nobody else gets", async () => {
  const { read } = await filledLog();
  const lease = new ReadLease();
  const batch = await read(0);

  for (const from of [1, 2, 3]) {
    await read(from, lease);
    lease.giveBack();
  }

  expect(letterOf(batch)).toBe("a");
});

test("what is given back twice is lent once", async () => {
  const { read } = await filledLog();
  const lease = new ReadLease();
  await read(0, lease);

  lease.giveBack();
  const batch = await read(1, new ReadLease());
  lease.giveBack();
  await read(2, new ReadLease());

  expect(letterOf(batch)).toBe("b");
});

test("a piece that was read ahead is its reader's, and others read beside it", async () => {
  const { fixture, read } = await filledLog();
  const [reader, other] = [new ReadLease(), new ReadLease()];
  for (const from of [0, 1]) {
    await read(from, reader);
    reader.giveBack();
  }
  await fixture.time.advanceAndSettle(2);

  const ahead = await read(2, reader);
  for (const from of [5, 6, 7]) {
    await read(from, other);
    other.giveBack();
  }

  expect(letterOf(ahead)).toBe("c");
});

test("memory of a piece that nobody comes for is lent again, and not before", async () => {
  const { fixture, read } = await filledLog();
  const lease = new ReadLease();
  const first = await read(0, lease);
  lease.giveBack();
  await read(1, lease);
  lease.giveBack();
  await fixture.time.advanceAndSettle(2);

  const meanwhile = await read(4, new ReadLease());
  await fixture.time.advanceAndSettle(1_000);
  const later = await read(6, new ReadLease());

  expect(meanwhile.buffer).not.toBe(first.buffer);
  expect(later.buffer).toBe(first.buffer);
  expect([meanwhile, later].map(letterOf)).toEqual(["e", "g"]);
});
