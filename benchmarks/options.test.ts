import { parseCommand } from "./options.ts";

test("without options every file is measured; --only, --json and --strict go with that", () => {
  const byDefault = parseCommand([]);
  const chosen = parseCommand(["--only", "log", "--json", "--strict"]);

  expect(byDefault).toEqual({ kind: "measure", only: undefined, json: false, strict: false });
  expect(chosen).toEqual({ kind: "measure", only: "log", json: true, strict: true });
});

test("a comparison with Kafka has all sides, or those that are named", () => {
  const all = parseCommand(["--against", "kafka", "--quick"]);
  const some = parseCommand(["--against", "kafka", "--sides", "zoolog,3.9", "--rounds", "3"]);

  expect(all).toMatchObject({ kind: "against-kafka", sides: ["zoolog", "3.9", "4"], quick: true });
  expect(some).toMatchObject({ sides: ["zoolog", "3.9"], rounds: 3, quick: false });
});

test.each([
  [["--against", "kafka", "--help"], { kind: "help" }],
  [["--help"], { kind: "help" }],
])("%j tells what there is", (args, command) => {
  expect(parseCommand(args)).toEqual(command);
});

test.each([
  [["--against", "pulsar"], "--against knows kafka, not pulsar"],
  [["--against", "kafka", "--sides", "3"], "--sides knows zoolog, 3.9, 4, not 3"],
  [["--against", "kafka", "--rounds", "0"], '--rounds takes a whole number from 1 on, not "0"'],
  [["--against", "kafka", "--json"], "--json does not go with --against"],
  [["--quick"], "--sides, --rounds and --quick go with --against kafka"],
  [["--onyl", "log"], "Unknown option '--onyl'"],
])("%j is refused with what there is", (args, message) => {
  expect(() => parseCommand(args)).toThrow(message);
});
