import { ZoologError } from "@zoolog/base";
import { failureDocument, failureLines } from "./failure.ts";
import { coloursFor } from "./output/colour.ts";

const colours = coloursFor("never", { isTty: false }, {});

const faulty = (faults: readonly string[]) =>
  new ZoologError({
    code: "INVALID_CONFIG",
    message: faults.join("\n"),
    hint: "read",
    cause: new AggregateError(faults.map((fault) => new Error(fault))),
  });

test("several faults are one line each for people, and a list for programs", () => {
  const error = faulty(["a is wrong", "b is missing"]);

  expect(failureLines(error, colours, false).join("\n")).toBe(
    "error: a is wrong\nb is missing\ntry:   read",
  );
  expect(JSON.parse(failureDocument(error))).toEqual({
    error: expect.objectContaining({ faults: ["a is wrong", "b is missing"], hint: "read" }),
  });
  expect(failureDocument(error)).not.toContain("why");
});

test("what a machine said at several addresses is the why, as the message does not say it", () => {
  const cause = new AggregateError([
    new Error("refused at ::1"),
    new Error("refused at 127.0.0.1"),
  ]);
  const error = new ZoologError({ code: "X", message: "nobody answers", cause });

  expect(failureLines(error, colours, false)[1]).toBe(
    "why:   refused at ::1; refused at 127.0.0.1",
  );
});

test("what OpenSSL says is one line, too", () => {
  const cause = new Error("wrong version number:record.c:350:\n");
  const error = new ZoologError({ code: "X", message: "nobody answers", cause });

  expect(failureLines(error, colours, false)[1]).toBe("why:   wrong version number:record.c:350:");
});

test.each([
  ["Give it more time with timeoutMs, or look", "Give it more time with --timeout, or look"],
  ["look first, or give it more timeoutMs.", "look first, or give it more time with --timeout."],
  ["raise recordBytesMax where", "raise --max-bytes where"],
])("the hint %j names flags", (hint, shown) => {
  const error = new ZoologError({ code: "X", message: "x", hint });

  expect(failureLines(error, colours, false)).toContain(`try:   ${shown}`);
});
