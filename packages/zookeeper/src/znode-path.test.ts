import { znodePathFault } from "./znode-path.ts";

test.each(["/", "/a", "/a/b-c_d.e", "/...", "/a/.b/b..", "/brokers/topics/ünï", "/ "])(
  "the path %j is legal",
  (path) => {
    expect(znodePathFault(path)).toBeUndefined();
  },
);

test.each([
  ["", "empty"],
  ["a", "start"],
  ["/a/", "end"],
  ["/a//b", "empty name"],
  ["//", "end with"],
  ["/.", "relative"],
  ["/a/../b", "relative"],
  ["/a\u0000", "U+0000"],
  ["/a\nb", "U+000a"],
  ["/\u0085", "U+0085"],
  ["/\u{1f600}", "U+d83d"],
  ["/\ue000", "U+e000"],
  ["/\ufffd", "U+fffd"],
])("the path %j is refused: %s", (path, why) => {
  expect(znodePathFault(path)).toContain(why);
});
