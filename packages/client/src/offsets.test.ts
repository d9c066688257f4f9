import fc from "fast-check";
import { type OffsetPoint, parseOffsets } from "./offsets.ts";

const HOUR = 3_600_000;

test.each<[string, OffsetPoint]>([
  ["start", { at: "start" }],
  ["end", { at: "end" }],
  ["0", { at: "offset", offset: 0 }],
  ["42", { at: "offset", offset: 42 }],
  ["+10", { at: "afterStart", records: 10 }],
  ["-10", { at: "beforeEnd", records: 10 }],
  ["@1767225600000", { at: "time", timestamp: 1_767_225_600_000 }],
  ["@2026-01-01", { at: "time", timestamp: 1_767_225_600_000 }],
  ["@2026-01-01T00:00", { at: "time", timestamp: 1_767_225_600_000 }],
  ["@2026-01-01 01:00:00.000+01:00", { at: "time", timestamp: 1_767_225_600_000 }],
  ["@2026-01-01T01:00:00+0100", { at: "time", timestamp: 1_767_225_600_000 }],
  ["@-1h", { at: "ago", durationMs: HOUR }],
  ["@-1d12h", { at: "ago", durationMs: 36 * HOUR }],
  ["@-250ms", { at: "ago", durationMs: 250 }],
])("%s is one point, with no end", (text, from) => {
  expect(parseOffsets(text)).toEqual({ from });
  expect(parseOffsets(`${text}:`)).toEqual({ from });
});

test.each<[string, OffsetPoint, OffsetPoint]>([
  ["5:9", { at: "offset", offset: 5 }, { at: "offset", offset: 9 }],
  [":9", { at: "start" }, { at: "offset", offset: 9 }],
  ["start:end", { at: "start" }, { at: "end" }],
  ["-10:-5", { at: "beforeEnd", records: 10 }, { at: "beforeEnd", records: 5 }],
  [
    "@2026-01-01T10:00:@2026-01-01T11:00Z",
    { at: "time", timestamp: 1_767_261_600_000 },
    { at: "time", timestamp: 1_767_265_200_000 },
  ],
  ["@-2h:@-1h", { at: "ago", durationMs: 2 * HOUR }, { at: "ago", durationMs: HOUR }],
])("%s is a range", (text, from, to) => {
  expect(parseOffsets(text)).toEqual({ from, to });
});

test.each([
  "",
  ":",
  "now",
  "1.5",
  "--5",
  "5:9:12",
  "5 9",
  "@",
  "@-",
  "@-5",
  "@-5y",
  "@2026-13-01",
  "@2026-02-30",
  "@2026-01-01T25:00",
  "@1969-12-31",
  "9007199254740993",
  "@99999999999999999",
])("%j is refused with a hint that shows the grammar", (text) => {
  expect(() => parseOffsets(text)).toThrow(
    expect.objectContaining({
      code: "INVALID_OFFSETS",
      hint: expect.stringContaining("@-1h"),
    }),
  );
});

test.each(["9:5", "end:start", "5:start", "end:-3", "-3:-5", "@2000:@1000", "@-1h:@-2h"])(
  "%s is refused, as it ends before it begins",
  (text) => {
    expect(() => parseOffsets(text)).toThrow("it ends before it begins");
  },
);

test.each(["5:5", "start:start", ":start", "-5:-3", "5:end", "end:end", "@1000:9", "@-2h:@-1h"])(
  "%s is taken, as the log may have such a range",
  (text) => {
    expect(parseOffsets(text)).toMatchObject({ to: expect.anything() });
  },
);

test("any text gives a range or INVALID_OFFSETS, never another error", () => {
  const character = fc.constantFrom(..."0123456789:@+-startendZT.hdms ");
  fc.assert(
    fc.property(fc.string({ unit: character, maxLength: 30 }), (text) => {
      try {
        parseOffsets(text);
      } catch (error) {
        expect(error).toMatchObject({ code: "INVALID_OFFSETS" });
      }
    }),
  );
});
