import { type DriverEvent, decodeEvent, encodeCall } from "./driver-line.ts";

test("a call is one line, whatever stands in its value", () => {
  const line = encodeCall(["send", 1, 2, 3, "1:2", "two\nlines"]);
  expect(line.endsWith("\n")).toBe(true);
  expect(line.slice(0, -1)).not.toContain("\n");
  expect(JSON.parse(line)).toEqual(["send", 1, 2, 3, "1:2", "two\nlines"]);
});

test.each<DriverEvent>([
  ["ok", 1, 2, 3],
  ["fail", 1, 2, "too large"],
  ["info", 1, 2, "timed out"],
  ["fatal", 1, "fenced"],
  ["closed", 1],
  ["seen", 4, 0, 11, [[7, "1:2", "1:2:ab"]]],
  ["error", 4, "reset"],
  ["left", 4],
])("%s is understood", (...event) => {
  expect(decodeEvent(JSON.stringify(event))).toEqual(event);
});

test.each([
  '["ok",1,2]',
  '["ok",1,2,null]',
  '["ok",1,2,"3"]',
  '["ok",1,2,3.5]',
  '["seen",4,0,11,[[7,null,"v"]]]',
  '["seen",4,0,11,"v"]',
  '["told",1]',
  '{"ok":1}',
  '["ok",1',
])("%s is no event: a program that says so judges nobody", (line) => {
  expect(() => decodeEvent(line)).toThrow(SyntaxError);
});
