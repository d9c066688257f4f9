import { TURNS_FOR_OTHERS } from "@zoolog/base";
import { ManualTime } from "@zoolog/testkit";
import { AppendTurns } from "./append-turns.ts";

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Appends that each take so long, and tell after how many pauses they were done. */
function setUp(appendMs: number) {
  const time = new ManualTime();
  let passed = 0;
  let turn = 0;
  const later: (() => void)[] = [];
  const turns = new AppendTurns({
    clock: { ...time.clock, monotonic: () => passed },
    scheduler: { ...time.scheduler, soon: (task) => void later.push(task) },
  });
  const done: string[] = [];
  const append = (batch: string): string => {
    passed += appendMs;
    done.push(`${turn}:${batch}`);
    return batch.toUpperCase();
  };
  const nextTurn = async (): Promise<void> => {
    const before = done.length;
    turn += 1;
    for (let left = TURNS_FOR_OTHERS; left > 0 && later.length > 0; left--) {
      expect(done).toHaveLength(before);
      for (const task of later.splice(0)) task();
      await settle();
    }
  };
  /** Batches are named after their partition; capitals are compressed. */
  const run = (batches: readonly string[], isAbandoned = () => false) =>
    turns.run({
      batches,
      lineOf: (batch) => batch.charAt(0).toLowerCase(),
      mayBeSlow: (batch) => batch !== batch.toLowerCase(),
      append,
      drop: (batch) => `${batch} dropped`,
      isAbandoned,
    });
  return { turns, run, append, done, later, nextTurn };
}

test("appends that take no time are done at once, all of them", async () => {
  const { run, done, later } = setUp(0);

  const pending = run(["a", "b", "c"]);

  expect(done).toEqual(["0:a", "0:b", "0:c"]);
  expect(later).toEqual([]);
  expect(await pending).toEqual(["A", "B", "C"]);
});

test("appends that take long leave the event loop to others in between", async () => {
  const { run, done, nextTurn } = setUp(15);

  const pending = run(["a", "b", "c", "d", "e"]);
  await nextTurn();
  await nextTurn();

  expect(done).toEqual(["0:a", "0:b", "1:c", "1:d", "2:e"]);
  expect(await pending).toEqual(["A", "B", "C", "D", "E"]);
});

test("calls about a partition of a call that pauses are appended behind it, in their order", async () => {
  const { run, done, nextTurn } = setUp(20);

  const pending = [run(["a1", "b1"]), run(["b2", "c1"]), run(["c2"])];
  for (let i = 0; i < 4; i++) await nextTurn();
  await Promise.all(pending);

  expect(done.map((entry) => entry.slice(2))).toEqual(["a1", "b1", "b2", "c1", "c2"]);
});

test("a call about other partitions waits for nobody", async () => {
  const { run, done, nextTurn } = setUp(20);
  const slow = run(["A1", "A2", "A3"]);

  await run(["b1"]);
  const before = [...done];
  for (let i = 0; i < 3; i++) await nextTurn();
  await slow;

  expect(before).toEqual(["0:A1", "0:b1"]);
});

test("compressed batches wait for each other once one of them has taken long", async () => {
  const { run, done, nextTurn } = setUp(20);

  const pending = ["A1", "B1", "C1"].map((batch) => run([batch]));
  for (let i = 0; i < 3; i++) await nextTurn();
  await Promise.all(pending);

  expect(done).toEqual(["0:A1", "1:B1", "2:C1"]);
});

test("compressed batches that take no time are done at once, like all others", () => {
  const { run, done, later } = setUp(1);

  void run(["A1", "B1"]);
  void run(["A2"]);

  expect(done).toEqual(["0:A1", "0:B1", "0:A2"]);
  expect(later).toEqual([]);
});

test("what a caller leaves behind who hangs up is dropped, waiting or half-way", async () => {
  const { run, done, nextTurn } = setUp(20);
  let isGone = false;
  const halfWay = run(["a1", "a2", "a3"], () => isGone);
  const waiting = run(["a4"], () => isGone);
  const patient = run(["a5"]);

  isGone = true;
  await nextTurn();

  expect(await halfWay).toEqual(["A1", "a2 dropped", "a3 dropped"]);
  expect(await waiting).toEqual(["a4 dropped"]);
  expect(await patient).toEqual(["A5"]);
  expect(done).toEqual(["0:a1", "1:a5"]);
});

test("when too many calls wait, one more is refused and the others are none the worse", async () => {
  const { run, done, nextTurn } = setUp(20);
  const pending = [run(["a", "a"], () => true)];
  for (let i = 0; i < 1_000; i++) pending.push(run(["a"], () => true));

  await expect(run(["a"])).rejects.toMatchObject({
    code: "THROTTLING_QUOTA_EXCEEDED",
    retriable: true,
  });
  await run(["b"]);
  await nextTurn();
  await Promise.all(pending);
  await run(["a"]);

  expect(done).toEqual(["0:a", "0:b", "1:a"]);
});

test("a failed append holds nobody up", async () => {
  const { turns, run, append, done, nextTurn } = setUp(20);
  const failing = turns.run({
    batches: ["a1", "bad"],
    lineOf: () => "a",
    mayBeSlow: () => false,
    append: (batch) => {
      if (batch === "bad") throw new Error("broken");
      return append(batch);
    },
    drop: (batch) => batch,
    isAbandoned: () => false,
  });
  const failed = expect(failing).rejects.toThrow("broken");
  const next = run(["a2"]);

  await nextTurn();
  await failed;
  await next;

  expect(done).toEqual(["0:a1", "1:a2"]);
});
