import { ManualTime } from "@zoolog/testkit";
import { AppendTurns } from "./append-turns.ts";

/** What others have of the event loop during a pause; named by turns here: the pauses in between. */
const TURNS_BETWEEN = 16;

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
    for (let left = TURNS_BETWEEN; left > 0 && later.length > 0; left--) {
      expect(done).toHaveLength(before);
      for (const task of later.splice(0)) task();
      await settle();
    }
  };
  return { turns, append, done, later, nextTurn };
}

test("appends that take no time are done at once, all of them", async () => {
  const { turns, append, done, later } = setUp(0);

  const pending = turns.run(["a", "b", "c"], append);

  expect(done).toEqual(["0:a", "0:b", "0:c"]);
  expect(later).toEqual([]);
  expect(await pending).toEqual(["A", "B", "C"]);
});

test("appends that take long leave the event loop to others in between", async () => {
  const { turns, append, done, nextTurn } = setUp(15);

  const pending = turns.run(["a", "b", "c", "d", "e"], append);
  await nextTurn();
  await nextTurn();

  expect(done).toEqual(["0:a", "0:b", "1:c", "1:d", "2:e"]);
  expect(await pending).toEqual(["A", "B", "C", "D", "E"]);
});

test("calls that come during a pause are appended behind it, in the order in which they came", async () => {
  const { turns, append, done, nextTurn } = setUp(20);

  const pending = [["a1", "a2"], ["b1", "b2"], ["c1"]].map((batches) => turns.run(batches, append));
  for (let i = 0; i < 4; i++) await nextTurn();
  await Promise.all(pending);

  expect(done.map((entry) => entry.slice(2))).toEqual(["a1", "a2", "b1", "b2", "c1"]);
});

test("a failed append holds nobody up", async () => {
  const { turns, append, done, nextTurn } = setUp(20);
  const failing = turns.run(["a1", "bad"], (batch) => {
    if (batch === "bad") throw new Error("broken");
    return append(batch);
  });
  const failed = expect(failing).rejects.toThrow("broken");
  const next = turns.run(["b"], append);

  await nextTurn();
  await failed;
  await next;

  expect(done).toEqual(["0:a1", "1:b"]);
});
