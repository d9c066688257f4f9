import { readFileSync } from "node:fs";
import { VERSION } from "./version.ts";

test("the version is that of the package", () => {
  const { version } = JSON.parse(readFileSync("packages/cli/package.json", "utf8"));

  expect(VERSION).toBe(version);
});
