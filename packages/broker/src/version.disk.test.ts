import { readFileSync } from "node:fs";
import { join } from "node:path";
import { VERSION } from "./version.ts";

test("the version that brokers report is the package's", () => {
  const manifest = JSON.parse(readFileSync(join(__dirname, "../package.json"), "utf8"));

  expect(VERSION).toBe(manifest.version);
});
