import { execFileSync } from "node:child_process";
import v8 from "node:v8";
import { letHeapGrow } from "./heap-growth.ts";

afterEach(() => jest.restoreAllMocks());

test("the flag that lets the heap grow is one that this V8 has: it passes over others in silence", () => {
  const set = jest.spyOn(v8, "setFlagsFromString").mockImplementation(() => {});

  letHeapGrow();

  const [flag = ""] = set.mock.calls[0] ?? [];
  const known = execFileSync(process.execPath, ["--v8-options"], { encoding: "utf8" });
  expect(flag).toMatch(/^--[a-z-]+=\d+$/);
  expect(known).toContain(`${flag.replace(/=.*/, "")} (`);
});
