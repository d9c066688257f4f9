import { ERROR_CODES, errorCodeOfNumber } from "./error-codes.ts";

test("the numbers run from -1 to 128 without a gap, in the order of the table", () => {
  const numbers = Object.values(ERROR_CODES).map((entry) => entry.number);

  expect(numbers).toEqual(Array.from({ length: 130 }, (_, index) => index - 1));
});

test("exactly Kafka's retriable errors are retriable", () => {
  const retriable = Object.values(ERROR_CODES)
    .filter((entry) => entry.retriable)
    .map((entry) => entry.number);

  // The subclasses of RetriableException in Kafka's clients.
  expect(retriable).toEqual([
    2, 3, 5, 6, 7, 9, 13, 14, 15, 16, 19, 20, 41, 51, 56, 70, 71, 72, 74, 75, 78, 80, 83, 84, 88,
    89, 100, 103, 106, 122, 123,
  ]);
});

test("a number gives its name, an unknown one UNKNOWN_SERVER_ERROR", () => {
  expect(errorCodeOfNumber(2)).toBe("CORRUPT_MESSAGE");
  expect(errorCodeOfNumber(0)).toBe("NONE");
  expect(errorCodeOfNumber(30_000)).toBe("UNKNOWN_SERVER_ERROR");
});
