import { RUN_NAME, runOf } from "./run-name.ts";

test("what a run has made names its process", () => {
  expect(runOf(RUN_NAME)).toBe(process.pid);
  expect(runOf(`${RUN_NAME}-data.img`)).toBe(process.pid);
  expect(runOf("zl17br")).toBe(17);
});

test("what others have made is none of ours", () => {
  expect(runOf("zlib")).toBeUndefined();
  expect(runOf("default")).toBeUndefined();
  expect(runOf("xzl17")).toBeUndefined();
});
