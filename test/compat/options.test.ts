import { parseCommand } from "./options.ts";

const KNOWN = ["kcat", "kafkajs", "kafkajs@2.2.4"];

test("without options every client does every check against brokers of our own", () => {
  expect(parseCommand([], KNOWN)).toEqual({
    kind: "run",
    clients: [],
    checks: [],
    target: { kind: "zoolog" },
    record: undefined,
    write: false,
  });
});

test("clients and checks are lists", () => {
  const args = ["--client", "kcat,kafkajs@2.2.4", "--check", "produce,in a group"];

  expect(parseCommand(args, KNOWN)).toMatchObject({
    clients: ["kcat", "kafkajs@2.2.4"],
    checks: ["produce", "in a group"],
  });
});

test.each([
  [["--bootstrap", "a:1,b:2"], { kind: "foreign", bootstrap: "a:1,b:2" }],
  [["--against", "3.9"], { kind: "apache", line: "3.9" }],
  [["--against", "4"], { kind: "apache", line: "4" }],
])("%j names what is tried", (args, target) => {
  expect(parseCommand(args, KNOWN)).toMatchObject({ target });
});

test("the page is written from a whole run, or from what runs have printed", () => {
  expect(parseCommand(["--write"], KNOWN)).toMatchObject({ kind: "run", write: true });
  expect(parseCommand(["--write", "--from", "a,b"], KNOWN)).toEqual({
    kind: "write",
    files: ["a", "b"],
  });
});

test.each([
  [["--client", "kcat,none"], "--client none is not known"],
  [["--against", "2.8"], "--against takes 3.9 or 4"],
  [["--write", "--client", "kcat"], "--write takes no other option"],
  [["--write", "--check", "produce"], "--write takes no other option"],
  [["--write", "--against", "4"], "--write takes no other option"],
  [["--record", "file", "--against", "4"], "--record is for brokers of our own"],
  [["--from", "a"], "--from goes with --write"],
])("%j is refused", (args, message) => {
  expect(() => parseCommand(args, KNOWN)).toThrow(message);
});
