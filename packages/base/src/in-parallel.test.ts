import { inParallel } from "./in-parallel.ts";

test("results stand in the order of the items, at most the limit is under way", async () => {
  let running = 0;
  let most = 0;

  const results = await inParallel([5, 1, 4, 2, 3], { atOnceMax: 2 }, async (turns) => {
    running += 1;
    most = Math.max(most, running);
    for (let i = 0; i < turns; i++) await Promise.resolve();
    running -= 1;
    return turns * 10;
  });

  expect(results).toEqual([50, 10, 40, 20, 30]);
  expect(most).toBe(2);
});

test("a failure ends it after what is under way, and nothing new begins", async () => {
  const started: number[] = [];

  const all = inParallel([0, 1, 2, 3, 4, 5], { atOnceMax: 2 }, async (item) => {
    started.push(item);
    await Promise.resolve();
    if (item === 1) throw new Error("item 1");
  });

  await expect(all).rejects.toThrow("item 1");
  expect(started.length).toBeLessThan(6);
});

test("rejects only when what was begun has ended", async () => {
  let hasEnded = false;
  let endSlow = (): void => {};
  const slow = new Promise<void>((resolve) => {
    endSlow = resolve;
  });

  const all = inParallel(["slow", "failing"], { atOnceMax: 2 }, async (item) => {
    if (item === "failing") throw new Error("first");
    await slow;
    throw new Error("second");
  }).finally(() => {
    hasEnded = true;
  });
  const rejected = expect(all).rejects.toThrow("first");
  await new Promise((resolve) => setImmediate(resolve));

  expect(hasEnded).toBe(false);
  endSlow();
  await rejected;
});
