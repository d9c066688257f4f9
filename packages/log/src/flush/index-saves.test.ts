/** When the index files of the active segment follow its batches, and what a start may find in them. */
import { leaderEpoch, type Offset } from "@zoolog/base";
import { batchOf, LogFixture, readAll } from "@zoolog/testkit";
import type { Log } from "../log.ts";

const MIB = 1024 * 1024;

const append = (log: Log, value: string) =>
  log.append([batchOf([value])], { leaderEpoch: leaderEpoch(0) });

/** An index entry for every other batch or so, and every regular flush as a broker's tick does it. */
async function logOf(values: readonly string[]) {
  const fixture = new LogFixture({ config: { indexIntervalBytes: 50 } });
  const log = await fixture.open();
  for (const value of values) await append(log, value);
  const flush = async () => {
    await log.flush();
    await fixture.saveCheckpoints(log);
  };
  const indexBytes = async () => {
    const bytes = await fixture.disk.mount().readFile(`${fixture.folder}/${"0".repeat(20)}.index`);
    return bytes.byteLength;
  };
  await flush();
  return { fixture, log, flush, indexBytes };
}

const numbers = (count: number, from = 0) => Array.from({ length: count }, (_, i) => `${from + i}`);

test("a regular flush leaves index files that are some bytes behind as they are", async () => {
  const { log, flush, indexBytes } = await logOf(numbers(10));
  const before = await indexBytes();
  for (const value of numbers(10, 10)) await append(log, value);

  await flush();

  expect(before).toBeGreaterThan(0);
  expect(await indexBytes()).toBe(before);
});

test("and saves them when they are 16 MiB behind", async () => {
  const { log, flush, indexBytes } = await logOf(numbers(10));
  const before = await indexBytes();
  for (let i = 0; i < 16; i++) await append(log, "x".repeat(MIB));

  await flush();

  expect(await indexBytes()).toBeGreaterThan(before);
});

test("closing saves them, however little they are behind", async () => {
  const { log, indexBytes } = await logOf(numbers(10));
  const before = await indexBytes();
  for (const value of numbers(10, 10)) await append(log, value);

  await log.close();

  expect(await indexBytes()).toBeGreaterThan(before);
});

test("a start after a power cut finds every record behind what the index files know", async () => {
  const { fixture, log, flush } = await logOf(numbers(10));
  for (const value of numbers(10, 10)) await append(log, value);
  await flush();

  const reopened = await fixture.reopenAfter("power", { keepUnsynced: 0 });

  expect((await readAll(reopened)).map(([, value]) => value)).toEqual(numbers(20));
});

test("entries of batches that were cut off leave the files before a recovery point passes them", async () => {
  const { fixture, log, flush, indexBytes } = await logOf(numbers(20));
  const before = await indexBytes();
  await log.truncateTo(5 as Offset);
  for (const value of numbers(3, 5)) await append(log, value);

  await flush();

  expect(await indexBytes()).toBeLessThan(before);
  const reopened = await fixture.reopenAfter("power", { keepUnsynced: 0 });
  expect((await readAll(reopened)).map(([, value]) => value)).toEqual(numbers(8));
});
