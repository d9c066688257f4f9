import { leaderEpoch, offset } from "@zoolog/base";
import { encodeRecordBatch, RecordBatch } from "@zoolog/protocol";
import { LogFixture, type LogFixtureOptions } from "@zoolog/testkit";

const EPOCH = { leaderEpoch: leaderEpoch(0) };

/** Two batches of three records, a second apart: offsets 0 to 5, times 1,000 to 6,000. */
async function setUp(options: LogFixtureOptions = {}, compression?: "gzip") {
  const log = await new LogFixture(options).open();
  for (const first of [1_000, 4_000]) {
    const records = [0, 1, 2].map((i) => ({ timestamp: first + i * 1_000, value: "x" }));
    const bytes = encodeRecordBatch(records, compression === undefined ? {} : { compression });
    await log.append([RecordBatch.parse(bytes)], EPOCH);
  }
  const times = () => Promise.all([0, 1, 3, 5, 6].map((at) => log.timestampAt(offset(at))));
  return { log, times };
}

test("in memory each record has its own time", async () => {
  const { times } = await setUp();

  expect(await times()).toEqual([1_000, 2_000, 4_000, 6_000, undefined]);
});

test.each([
  ["on the disk", { limits: { tailCacheBytesMax: 0 } }, undefined],
  ["compressed", {}, "gzip"],
] as const)("%s a record has the time of its batch's first", async (_, options, compression) => {
  const { times } = await setUp(options, compression);

  expect(await times()).toEqual([1_000, 1_000, 4_000, 4_000, undefined]);
});

test("what was deleted gives way to the first record there is", async () => {
  const { log } = await setUp();
  await log.deleteBefore(offset(4));

  expect(await log.timestampAt(offset(0))).toBe(5_000);
});

test("a segment without the record leaves it to the next one", async () => {
  const { log, times } = await setUp({
    config: { segmentBytes: 128 },
    limits: { tailCacheBytesMax: 0 },
  });

  expect(log.segmentCount).toBeGreaterThan(1);
  expect(await times()).toEqual([1_000, 1_000, 4_000, 4_000, undefined]);
});
