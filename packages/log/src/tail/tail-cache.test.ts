import type { Offset } from "@zoolog/base";
import { TailCache } from "./tail-cache.ts";
import { TailCacheBudget } from "./tail-cache-budget.ts";

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

/** By default 25 batches to a slab, and 4 slabs. */
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
  const { cache } = cacheOf(5, 40);

  expect(cache.startOffset).toBe(2);
  expect(read(cache, 1)).toBeUndefined();
  expect(read(cache, 10)).toBeUndefined();
});

test("bytes are copied: who appended may use their memory again", () => {
  const { cache } = cacheOf(0);
  const appended = batch(7);
  cache.add([appended]);

  appended.bytes.fill(0);

  expect(read(cache, 14)?.batches).toEqual([Buffer.alloc(10, 7)]);
});

test("what a reader holds does not change when its batch is dropped", () => {
  const { cache } = cacheOf(4, 40);
  const held = read(cache, 0)?.batches ?? [];

  for (let i = 4; i < 40; i++) cache.add([batch(i)]);

  expect(held.map((bytes) => [...new Set(bytes)])).toEqual([[0], [1], [2], [3]]);
});

test("the budget takes the oldest batches of all caches first", () => {
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

test("memory of truncated and cleared batches is given back with its slab", () => {
  const { cache, budget } = cacheOf(80);
  expect(budget.sizeInBytes).toBe(1_000);

  cache.truncateTo(60 as Offset);
  expect(budget.sizeInBytes).toBe(750);
  expect(read(cache, 59)?.nextOffset).toBe(60);
  cache.clear();

  expect(budget.sizeInBytes).toBe(250);
  expect(cache.startOffset).toBeUndefined();
  cache.add([batch(3)]);
  expect(read(cache, 6)?.nextOffset).toBe(8);
});

test("a gap empties the cache: what it holds reaches up to the log's end", () => {
  const { cache } = cacheOf(3);

  cache.add([batch(7)]);

  expect(cache.startOffset).toBe(14);
});

test("a large batch is not kept, nor what came before it", () => {
  const { cache } = cacheOf(3);

  cache.add([batch(3, Buffer.allocUnsafeSlow(251))]);

  expect(read(cache, 0)).toBeUndefined();
  expect(read(cache, 6)).toBeUndefined();
});

test("a budget of nothing keeps nothing", () => {
  const { cache, budget } = cacheOf(3, 0);

  expect(budget.sizeInBytes).toBe(0);
  expect(read(cache, 0)).toBeUndefined();
});

test("small batches between large ones cost no more than a slab", () => {
  const { cache, budget } = cacheOf(0);
  for (let i = 0; i < 10_000; i += 2) {
    cache.add([batch(i), batch(i + 1, Buffer.allocUnsafeSlow(300))]);
  }

  expect(budget.sizeInBytes).toBe(250);
});

test("many batches come and go without anything left behind", () => {
  const { cache, budget } = cacheOf(5_000, 100);

  expect(budget.sizeInBytes).toBe(100);
  expect(cache.startOffset).toBe(9_984);
  expect(read(cache, 9_985, { upTo: 10_000 })?.nextOffset).toBe(10_000);
});
