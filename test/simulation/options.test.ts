import { parseCommand } from "./options.ts";

test("one seed in its swarm, unless something else is said", () => {
  expect(parseCommand(["--seed", "7"])).toMatchObject({
    kind: "one",
    seed: 7,
    drawn: { scenario: "swarm", seconds: undefined },
    twice: false,
    shrink: false,
  });
  expect(parseCommand([])).toMatchObject({ kind: "one", seed: undefined });
});

test("a range of seeds, with what each of them does", () => {
  const args = ["--seeds", "1..500", "--scenario", "all", "--seconds", "5", "--workers", "3"];

  expect(parseCommand([...args, "--shrink", "--twice"])).toEqual({
    kind: "many",
    from: 1,
    to: 500,
    drawn: { scenario: "all", seconds: 5 },
    workers: 3,
    twice: true,
    shrink: true,
  });
});

test("canaries, all or by name", () => {
  expect(parseCommand(["--canaries", "--workers", "1"])).toEqual({
    kind: "canaries",
    names: [],
    seeds: undefined,
    workers: 1,
  });
  expect(parseCommand(["--canaries", "one", "other", "--seeds", "1..9"])).toMatchObject({
    names: ["one", "other"],
    seeds: { from: 1, to: 9 },
  });
  expect(() => parseCommand(["one"])).toThrow("one is no option");
});

test("help and the list of scenarios come before everything else", () => {
  expect(parseCommand(["--help", "--seed", "1"])).toEqual({ kind: "help" });
  expect(parseCommand(["--list"])).toEqual({ kind: "list" });
});

test.each([
  [["--sed", "1"], "Unknown option '--sed'. What there is: npm run sim -- --help"],
  [["7"], "7 is no option; --canaries alone takes names"],
  [["--canaries", "--seed", "1"], "--canaries takes names, --seeds and --workers, not --seed"],
  [["--canaries", "--shrink"], "--canaries takes names, --seeds and --workers, not --shrink"],
  [["--canaries", "--trace", "x.html"], "--canaries takes names, --seeds and --workers, not"],
  [["--seed"], "Option '--seed <value>' argument missing"],
  [["--seed", "x"], '--seed takes a whole number from 0 to 4294967295, not "x"'],
  [["--seed", "1.5"], "--seed takes a whole number"],
  [["--seed", "1", "--seeds", "1..2"], "--seed and --seeds do not go together: leave one out"],
  [
    ["--seeds", "500"],
    "--seeds takes FROM..TO, both from 0 to 4294967295, such as 1..500, not 500",
  ],
  [["--seeds", "9..1"], "--seeds takes FROM..TO"],
  [["--seeds", "1..2", "--trace", "x.html"], "--seeds and --trace do not go together"],
  [["--options", "{}", "--seed", "1"], "--seed and --options do not go together"],
  [["--options", "{}", "--seconds", "1"], "--options and --seconds do not go together"],
  [["--trace", "x.txt"], "--trace writes a page: name it FILE.html, not x.txt"],
  [["--scenario", "all"], "--scenario all is for many seeds: add --seeds FROM..TO"],
  [["--seconds", "0"], '--seconds takes a whole number from 1 on, not "0"'],
  [["--workers", "0"], "--workers takes a whole number from 1 on"],
] as const)("%j is refused by a sentence that says what to do", (args, message) => {
  expect(() => parseCommand(args)).toThrow(RangeError);
  expect(() => parseCommand(args)).toThrow(message);
});
