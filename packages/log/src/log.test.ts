import { leaderEpoch } from "@zoolog/base";
import { batchOf, LogFixture, readAll } from "@zoolog/testkit";

const EPOCH = { leaderEpoch: leaderEpoch(0) };

test("records come back at the offsets that the append answered", async () => {
  const fixture = new LogFixture();
  const log = await fixture.open();

  const first = await log.append([batchOf(["a", "b"])], EPOCH);
  const second = await log.append([batchOf(["c"])], EPOCH);

  expect(first).toMatchObject({ baseOffset: 0, lastOffset: 1, logStartOffset: 0 });
  expect(second).toMatchObject({ baseOffset: 2, lastOffset: 2 });
  expect(await readAll(log)).toEqual([
    [0, "a"],
    [1, "b"],
    [2, "c"],
  ]);
});
