import { chosenChecks, expectEqual, until } from "./check.ts";

const CHECKS = ["produce none", "produce gzip", "committed offsets"].map((name) => ({ name }));

test("checks are chosen by parts of their names", () => {
  expect(chosenChecks(CHECKS, [])).toEqual(CHECKS);
  expect(chosenChecks(CHECKS, ["gzip", "offsets"])).toEqual([CHECKS[1], CHECKS[2]]);
  expect(chosenChecks(CHECKS, ["nothing"])).toEqual([]);
});

test("what differs is said from both sides", () => {
  expect(() => expectEqual("offsets", [1, 2], [1, 2])).not.toThrow();
  expect(() => expectEqual("offsets", [1, 3], [1, 2])).toThrow("offsets: [1,3] in place of [1,2]");
  expect(() => expectEqual("value", undefined, "a")).toThrow('value: nothing in place of "a"');
});

test("a question is asked until the answer is as wanted", async () => {
  const answers = [1, 2, 3];

  const answer = await until(
    "three",
    async () => answers.shift(),
    (one) => one === 3,
  );

  expect(answer).toBe(3);
});
