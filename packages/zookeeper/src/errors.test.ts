import { errorOfWireCode, ZooKeeperError } from "./errors.ts";

test("an answered code becomes its name, with path, operation and what to do next", () => {
  const error = errorOfWireCode(-103, { operation: "multi", path: "/epoch", operationIndex: 2 });

  expect(error).toMatchObject({
    name: "ZooKeeperError",
    code: "BAD_VERSION",
    wireCode: -103,
    path: "/epoch",
    operationIndex: 2,
    retriable: false,
    message: "multi of /epoch answered BAD_VERSION (-103)",
  });
});

test("a code that is in no table keeps its number", () => {
  expect(errorOfWireCode(-999, { operation: "getData" })).toMatchObject({
    code: "UNKNOWN_ERROR",
    wireCode: -999,
    retriable: false,
  });
});

test("a lost connection is retriable and says that a write's fate is open", () => {
  expect(new ZooKeeperError({ code: "CONNECTION_LOSS", message: "lost" })).toMatchObject({
    retriable: true,
    hint: expect.stringContaining("may or may not have been applied"),
  });
});
