import { parseCommand } from "./options.ts";

test("a target is fuzzed for its seconds, or for as many inputs as were asked for", () => {
  const byDefault = parseCommand([]);
  const counted = parseCommand(["--target", "names,znodes", "--executions", "20", "--seed", "7"]);

  expect(byDefault).toMatchObject({ kind: "fuzz", seconds: 30, workers: 1 });
  expect(counted).toMatchObject({ kind: "fuzz", executions: 20, seed: 7 });
  expect(counted).not.toMatchObject({ seconds: 30 });
});

test("an input is replayed of one target", () => {
  const replay = parseCommand(["--target", "names", "--replay", "880a6a47c207.bin"]);

  expect(replay).toMatchObject({ kind: "replay", name: "880a6a47c207.bin" });
  expect(() => parseCommand(["--replay", "880a6a47c207.bin"])).toThrow("takes one --target");
});

test.each([
  [["--target", "nams"], "--target: nams is none of record-batch"],
  [["--seconds", "1.5"], '--seconds takes a whole number from 1 on, not "1.5"'],
  [["--workers", "0"], '--workers takes a whole number from 1 on, not "0"'],
])("%j is refused with what there is", (args, message) => {
  expect(() => parseCommand(args)).toThrow(message);
});
