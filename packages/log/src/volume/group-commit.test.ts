import { deferred } from "@zoolog/base";
import { GroupCommit } from "./group-commit.ts";

/** A task whose runs end when the test says so. */
function setUp() {
  const runs: { resolve: () => void; reject: (error: unknown) => void }[] = [];
  const commit = new GroupCommit(() => {
    const run = deferred<void>();
    runs.push(run);
    return run.promise;
  });
  return { commit, runs };
}
const settle = () => new Promise((resolve) => setImmediate(resolve));

test("requests during a run share the next one, which begins after them", async () => {
  const { commit, runs } = setUp();
  let second = 0;
  const first = commit.request();
  await settle();
  const waiting = [1, 2, 3].map(() => commit.request().then(() => second++));

  runs[0]!.resolve();
  await first;
  await settle();
  expect([runs.length, second]).toEqual([2, 0]);
  runs[1]!.resolve();
  await Promise.all(waiting);

  expect([runs.length, second]).toEqual([2, 3]);
});

test("a failed run fails those it was to cover and nobody else", async () => {
  const { commit, runs } = setUp();
  const first = commit.request();
  await settle();
  const second = commit.request();

  runs[0]!.reject(new Error("broken"));
  await expect(first).rejects.toThrow("broken");
  await settle();
  runs[1]!.resolve();

  await expect(second).resolves.toBeUndefined();
});

test("an exclusive task runs between runs", async () => {
  const { commit, runs } = setUp();
  const order: string[] = [];
  const first = commit.request().then(() => order.push("run"));
  const alone = commit.exclusive(async () => void order.push("alone"));
  const after = commit.request().then(() => order.push("next run"));
  await settle();

  runs[0]!.resolve();
  await first;
  await alone;
  await settle();
  runs[1]?.resolve();
  await after;

  expect(order[0]).toBe("run");
  expect(order).toContain("alone");
});
