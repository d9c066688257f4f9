import type { Offset } from "@zoolog/base";
import { TailCache, TailCacheBudget } from "./tail-cache.ts";

/** A batch of two records and ten bytes. */
const batch = (index: number, bytes = Buffer.allocUnsafeSlow(10).fill(index)) => ({
  baseOffset: (index * 2) as Offset,
  nextOffset: (index * 2 + 2) as Offset,
  bytes,
});
const read = (cache: TailCache, from: number, options: { maxBytes?: number; upTo?: number } = {}) =>
  cache.read({
    from: from as Offset,
    upTo: (options.upTo ?? 1_000) as Offset,
    maxBytes: options.maxBytes ?? 1_000,
    minOneBatch: true,
  });

function cacheOf(count: number, bytesMax = 1_000) {
  const budget = new TailCacheBudget({ bytesMax });
  const cache = new TailCache({ budget });
  for (let i = 0; i < count; i++) cache.add([batch(i)]);
  return { cache, budget };
}

test("a read begins with the batch that contains the offset", () => {
  const { cache } = cacheOf(5);

  expect(read(cache, 5)).toMatchObject({ startOffset: 4, nextOffset: 10 });
  expect(read(cache, 5)?.batches.map((bytes) => bytes[0])).toEqual([2, 3, 4]);
});

test("what is not cached is not answered", () => {
  const { cache } = cacheOf(5, 30);

  expect(cache.startOffset).toBe(4);
  expect(read(cache, 3)).toBeUndefined();
  expect(read(cache, 10)).toBeUndefined();
});

test("the budget takes the oldest batch of all caches first", () => {
  const budget = new TailCacheBudget({ bytesMax: 40 });
  const [idle, busy] = [new TailCache({ budget }), new TailCache({ budget })];
  idle.add([batch(0)]);
  idle.add([batch(1)]);
  for (let i = 0; i < 3; i++) busy.add([batch(i)]);

  expect(budget.sizeInBytes).toBe(40);
  expect(idle.startOffset).toBe(2);
  for (let i = 3; i < 5; i++) busy.add([batch(i)]);

  expect(idle.startOffset).toBeUndefined();
  expect(busy.startOffset).toBe(2);
});

test("memory of dropped, truncated and cleared batches is given back", () => {
  const { cache, budget } = cacheOf(5);

  cache.truncateTo(6 as Offset);
  expect(budget.sizeInBytes).toBe(30);
  expect(read(cache, 5)?.nextOffset).toBe(6);
  cache.clear();

  expect(budget.sizeInBytes).toBe(0);
  expect(cache.startOffset).toBeUndefined();
  cache.add([batch(3)]);
  expect(read(cache, 6)?.nextOffset).toBe(8);
});

test("a gap empties the cache: what it holds reaches up to the log's end", () => {
  const { cache } = cacheOf(3);

  cache.add([batch(7)]);

  expect(cache.startOffset).toBe(14);
});

test("a batch larger than the whole budget is not kept, nor what came before it", () => {
  const { cache, budget } = cacheOf(3, 50);

  cache.add([batch(3, Buffer.allocUnsafeSlow(51))]);

  expect(budget.sizeInBytes).toBe(0);
  expect(read(cache, 0)).toBeUndefined();
});

test("batches that make up most of their buffer are kept without a copy", () => {
  const { cache } = cacheOf(0);
  const whole = Buffer.allocUnsafeSlow(30);
  const parts = [0, 1, 2].map((i) => batch(i, whole.subarray(i * 10, i * 10 + 10)));

  cache.add(parts);

  expect(read(cache, 0)?.batches[0]?.buffer).toBe(whole.buffer);
});

test("many batches come and go without anything left behind", () => {
  const { cache, budget } = cacheOf(5_000, 100);

  expect(budget.sizeInBytes).toBe(100);
  expect(cache.startOffset).toBe(9_980);
  expect(read(cache, 9_981, { upTo: 10_000 })?.nextOffset).toBe(10_000);
});
