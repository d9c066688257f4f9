import { ROWS } from "./all-rows.ts";
import { isOfRows, parseRowOptions } from "./row-options.ts";

test("rows are asked for by name, all of them by one word", () => {
  expect(parseRowOptions(["--row", "P-05"], ROWS)?.rows.map(({ id }) => id)).toEqual(["P-05"]);
  expect(parseRowOptions(["--rows", "P-05,P-01"], ROWS)?.rows.map(({ id }) => id)).toEqual([
    "P-05",
    "P-01",
  ]);
  expect(parseRowOptions(["--rows", "all"], ROWS)?.rows).toBe(ROWS);
  expect(() => parseRowOptions(["--row", "P-99"], ROWS)).toThrow("P-99 is none of P-01");
});

test("without a length each row has its own", () => {
  expect(parseRowOptions(["--row", "P-05"], ROWS)).toMatchObject({
    seconds: undefined,
    times: undefined,
  });
  expect(parseRowOptions(["--row", "P-05", "--times", "3"], ROWS)).toMatchObject({ times: 3 });
});

test("only arguments that name rows are meant for rows", () => {
  expect(isOfRows(["--row=P-05"])).toBe(true);
  expect(isOfRows(["--list"])).toBe(true);
  expect(isOfRows(["--seconds", "60", "--network"])).toBe(false);
});

test("the programme's rows are all there, each under its own name", () => {
  const ids = ROWS.map(({ id }) => id);

  expect(ids).toEqual(
    Array.from({ length: 18 }, (_, index) => `P-${String(index + 1).padStart(2, "0")}`),
  );
});
