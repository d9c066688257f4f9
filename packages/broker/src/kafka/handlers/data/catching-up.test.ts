/** How long fetches wait for records on the connection of a consumer that is catching up. */
import { offset } from "@zoolog/base";
import { ManualTime } from "@zoolog/testkit";
import { CatchUpWaits } from "../../catch-up-waits.ts";
import { batchOf, fetchOf, withOrders } from "./data-handlers.fixture.ts";

const MAX_WAIT_MS = 500;

/** A consumer of "orders" whose partition 0 has records for ever, and 1 none. */
async function catchingUp() {
  const { api, fetch, time } = await withOrders();
  const waits: number[] = [];
  const withRecords = new Set([0]);
  api.fetch = async ({ topics, maxWaitMs }) => {
    waits.push(maxWaitMs);
    return {
      topics: topics.map(({ topic, partitions }) => ({
        topic,
        partitions: partitions.map(({ partition }) => ({
          partition,
          highWatermark: offset(9),
          lastStableOffset: offset(9),
          logStartOffset: offset(0),
          records: withRecords.has(partition) ? [batchOf("a")] : [],
        })),
      })),
    };
  };
  /** @returns how long the broker would have waited. */
  const fetchOfPartitions = async (partitions: readonly number[], more: object = {}) => {
    const asked = partitions.map((partition) => ({
      partition,
      fetchOffset: 0,
      partitionMaxBytes: 1_000,
    }));
    const topics = [{ topic: "orders", partitions: asked }];
    await fetch(11, fetchOf({}, { topics, maxWaitMs: MAX_WAIT_MS, ...more }));
    return waits.at(-1);
  };
  return { time, fetchOfPartitions, withRecords };
}

test("a fetch of partitions at their ends waits as long as the client has had records of others", async () => {
  const { time, fetchOfPartitions } = await catchingUp();
  await fetchOfPartitions([0, 1]);

  expect(await fetchOfPartitions([1])).toBe(5);
  time.advance(20);
  expect(await fetchOfPartitions([1])).toBe(20);
  time.advance(100);
  expect(await fetchOfPartitions([1])).toBe(120);
  time.advance(1_000);
  expect(await fetchOfPartitions([1])).toBe(MAX_WAIT_MS);
});

test("a fetch that asks for all that it was given before waits as told", async () => {
  const { fetchOfPartitions } = await catchingUp();
  await fetchOfPartitions([0, 1]);

  expect(await fetchOfPartitions([1, 0])).toBe(MAX_WAIT_MS);
});

test("no wait becomes longer than the client's", async () => {
  const { time, fetchOfPartitions } = await catchingUp();
  await fetchOfPartitions([0, 1]);

  expect(await fetchOfPartitions([1], { maxWaitMs: 2 })).toBe(2);
  time.advance(50);
  expect(await fetchOfPartitions([1], { maxWaitMs: 20 })).toBe(20);
});

test("a client that wants many bytes at a time is given the time for them", async () => {
  const { fetchOfPartitions } = await catchingUp();
  await fetchOfPartitions([0, 1]);

  expect(await fetchOfPartitions([1], { minBytes: 1_000 })).toBe(MAX_WAIT_MS);
});

test("who wants many bytes at a time has worked off what he asks for again, as anybody", async () => {
  const { fetchOfPartitions, withRecords } = await catchingUp();
  await fetchOfPartitions([0, 1]);
  withRecords.clear();
  await fetchOfPartitions([0, 1], { minBytes: 1_000 });

  expect(await fetchOfPartitions([1])).toBe(MAX_WAIT_MS);
});

const orders = (from: number, to: number) => [
  {
    topic: "orders",
    partitions: Array.from({ length: to - from }, (_, i) => ({ partition: from + i })),
  },
];

test("of very many partitions a thousand are remembered", () => {
  const waits = new CatchUpWaits({ clock: new ManualTime().clock });

  waits.sent(orders(0, 5_000));

  waits.asked(orders(4_000, 5_000));
  expect(waits.waitMs(MAX_WAIT_MS)).toBe(5);
  waits.asked(orders(0, 1_000));
  expect(waits.waitMs(MAX_WAIT_MS)).toBe(MAX_WAIT_MS);
});

test("what is sent anew of a partition counts from then on, also where no more are remembered", () => {
  const time = new ManualTime();
  const waits = new CatchUpWaits({ clock: time.clock });
  waits.sent(orders(0, 1_000));
  time.advance(100);

  waits.sent(orders(0, 1_000));

  expect(waits.waitMs(MAX_WAIT_MS)).toBe(5);
});
