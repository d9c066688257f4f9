import { errorMessage, ZoologError } from "@zoolog/base";
import { exitCodeOf } from "../exit-code.ts";
import { failureLines } from "../failure.ts";
import { byteCount, duration, wholeNumber } from "../usage-error.ts";
import { coloursFor } from "./colour.ts";
import { progressLine } from "./progress.ts";
import { humanBytes, humanDuration, plural } from "./quantity.ts";
import { listLines, tableLines } from "./table.ts";

const noColours = coloursFor("never", { isTty: true }, {});

describe("tables", () => {
  test("columns are as wide as their widest cell, numbers stand right", () => {
    const lines = tableLines(
      [
        { name: "a", count: 5 },
        { name: "längest", count: 12_345 },
        { name: "日本", count: undefined },
      ],
      [
        { title: "NAME", value: ({ name }) => name },
        { title: "COUNT", value: ({ count }) => count, align: "right" },
      ],
    );

    expect(lines).toEqual(["NAME     COUNT", "a            5", "längest  12345", "日本         -"]);
  });

  test("a very long name shifts its own line only", () => {
    const long = "x".repeat(100);
    const [, short, shifted] = tableLines(
      [{ a: "x" }, { a: long }],
      [
        { title: "A", value: ({ a }) => a },
        { title: "B", value: () => "b" },
      ],
    );

    expect(short).toBe(`x${" ".repeat(61)}b`);
    expect(shifted).toBe(`${long}  b`);
  });

  test("nothing is padded at the end of a line", () => {
    const lines = tableLines([{ a: "x" }, { a: "xxxx" }], [{ title: "A", value: ({ a }) => a }]);

    expect(lines).toEqual(["A", "x", "xxxx"]);
    expect(
      listLines([
        ["name", "x"],
        ["n", undefined],
      ]),
    ).toEqual(["name  x", "n     -"]);
  });
});

test("amounts read as people write them", () => {
  expect([0, 19.18, 1_023, 1_536, 10_485_760].map(humanBytes)).toEqual([
    "0 B",
    "19 B",
    "1023 B",
    "1.5 KiB",
    "10 MiB",
  ]);
  expect([5, 1_500, 75_000, 3_720_000].map(humanDuration)).toEqual([
    "5 ms",
    "1.5 s",
    "1m 15s",
    "1h 2m",
  ]);
  expect([plural(1, "record"), plural(2_000, "record")]).toEqual(["1 record", "2,000 records"]);
});

test("colour follows the terminal, NO_COLOR and the caller, in this order from weak to strong", () => {
  const painted = (choice: "auto" | "always" | "never", isTty: boolean, env = {}) =>
    coloursFor(choice, { isTty }, env).red("x") !== "x";

  expect([painted("auto", true), painted("auto", false)]).toEqual([true, false]);
  expect(painted("auto", true, { NO_COLOR: "1" })).toBe(false);
  expect(painted("auto", true, { NO_COLOR: "" })).toBe(true);
  expect(painted("always", false, { NO_COLOR: "1" })).toBe(true);
  expect(painted("never", true)).toBe(false);
});

test("progress shows a bar where the size is known and never more than a line", () => {
  const known = progressLine({ records: 500, bytes: 512, bytesTotal: 1_024 }, 1_000, 100);
  const unknown = progressLine({ records: 500, bytes: 512 }, 1_000, 100);
  const narrow = progressLine({ records: 500, bytes: 512, bytesTotal: 1_024 }, 1_000, 30);

  expect(known).toMatch(/^\[#+-+\] {2}50 % {2}500 records, 500 records\/s, 512 B\/s, 1.0 s left$/);
  expect(unknown).toBe("500 records, 500 records/s, 512 B/s");
  expect(narrow.length).toBeLessThan(30);
});

describe("failures", () => {
  test("say what, why and what next, a line each", () => {
    const refused = new Error("connect ECONNREFUSED 127.0.0.1:8092");
    const middle = new ZoologError({ code: "CONNECTION_REFUSED", message: "x", cause: refused });
    const error = new ZoologError({
      code: "BROKER_UNREACHABLE",
      message: "no broker answers at http://127.0.0.1:8092",
      hint: "Start one with `zoolog dev`.",
      cause: middle,
    });

    expect(failureLines(error, noColours, false)).toEqual([
      "error: no broker answers at http://127.0.0.1:8092",
      "why:   connect ECONNREFUSED 127.0.0.1:8092",
      "try:   Start one with `zoolog dev`.",
    ]);
  });

  test("do not repeat themselves, and show a stack only when asked", () => {
    const error = new Error("disk on fire", { cause: new Error("on fire") });

    expect(failureLines(error, noColours, false)).toEqual(["error: disk on fire"]);
    expect(failureLines(error, noColours, true).at(-1)).toContain("output.test.ts");
    expect(failureLines("just text", noColours, true)).toEqual(["error: just text"]);
  });

  test.each([
    ["USAGE", 2],
    ["INVALID_OFFSETS", 2],
    ["UNKNOWN_TOPIC_OR_PARTITION", 3],
    ["ENOENT", 3],
    ["REQUEST_TIMED_OUT", 5],
    ["DELIVERY_TIMED_OUT", 5],
    ["BROKER_UNREACHABLE", 1],
    ["anything else", 1],
  ])("%s ends with exit code %i", (code, exitCode) => {
    expect(exitCodeOf(new ZoologError({ code, message: "x" }))).toBe(exitCode);
    expect(errorMessage(new ZoologError({ code, message: "x" }))).toBe("x");
  });
});

test("numbers, times and sizes of options are read strictly", () => {
  expect([duration("t")("500"), duration("t")("1.5s"), duration("t")("2m")]).toEqual([
    500_000, 1_500, 120_000,
  ]);
  expect([byteCount("s")("4096"), byteCount("s")("64k"), byteCount("s")("1.5MiB")]).toEqual([
    4_096, 65_536, 1_572_864,
  ]);
  for (const [parse, texts] of [
    [duration("t"), ["", "0", "-1s", "1d", "soon"]],
    [byteCount("s"), ["", "-1", "1x", "k"]],
    [wholeNumber("n", 1, 9), ["", "0", "10", "1.5", "-1", "1e0"]],
  ] as const) {
    for (const text of texts)
      expect(() => parse(text)).toThrow(expect.objectContaining({ code: "USAGE" }));
  }
});
