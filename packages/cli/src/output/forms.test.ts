import fc from "fast-check";
import { parse } from "yaml";
import { csvLines } from "./csv.ts";
import { hexLines } from "./hex.ts";
import { sparkline } from "./sparkline.ts";
import { yamlLines } from "./yaml.ts";

describe("yaml", () => {
  test("reads as a person would have written it", () => {
    const lines = yamlLines({ topic: "orders", partitions: [{ id: 0, isr: [1, 2] }], none: [] });

    expect(lines).toEqual([
      "topic: orders",
      "partitions:",
      "  - id: 0",
      "    isr:",
      "      - 1",
      "      - 2",
      "none: []",
    ]);
  });

  test("whatever JSON holds is what YAML readers read", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const json: unknown = JSON.parse(JSON.stringify(value));
        expect(parse(yamlLines(json).join("\n"))).toEqual(json);
      }),
    );
  });

  test.each([
    "yes",
    "null",
    "1e3",
    "0x1f",
    "- a",
    "a: b",
    "#",
    "2026-01-31",
    " x",
    "a\nb",
    "~",
    "",
  ])("the text %j stays a text", (text) => {
    expect(parse(yamlLines({ text }).join("\n"))).toEqual({ text });
  });
});

test("csv quotes what would break a line, and has a cell for every field", () => {
  expect(
    csvLines([
      { a: 1, b: 'say "x", y' },
      { a: 2, c: ["z"] },
    ]),
  ).toEqual(["a,b,c", '1,"say ""x"", y",', '2,,"[""z""]"']);
  expect(csvLines([])).toEqual([]);
});

test("a hex view fits a terminal", () => {
  const lines = hexLines(Buffer.from("zoolog keeps records\u0000\u0001"));

  expect(lines).toEqual([
    "00000000  7a 6f 6f 6c 6f 67 20 6b  65 65 70 73 20 72 65 63  zoolog keeps rec",
    "00000010  6f 72 64 73 00 01                                 ords..",
  ]);
});

test("a sparkline is as high as its highest value and as long as its room", () => {
  expect(sparkline([0, 50, 100], 10)).toBe("▁▅█");
  expect(sparkline([1, 2, 3, 4], 2)).toHaveLength(2);
  expect(sparkline([0, 0], 5)).toBe("▁▁");
});
