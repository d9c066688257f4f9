/** Which files `scripts/bundle-command.mjs` leaves beside the command. */
import { spawnSync } from "node:child_process";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const HOUR_MS = 3_600_000;
const SCRIPT = resolve("scripts/bundle-command.mjs");

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "zoolog-bundle-"));
  mkdirSync(join(root, "packages/cli/dist"), { recursive: true });
  writeFileSync(join(root, "packages/cli/package.json"), '{"type":"module"}');
  writeFileSync(
    join(root, "packages/cli/dist/main.js"),
    'export const main = () => import("./late.js");',
  );
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const chunkFolder = () => join(root, "packages/cli/bundle/chunks");
const chunks = () => new Set(readdirSync(chunkFolder()));

/** Bundles a command that loads `text` when it needs it, and answers which chunks are there. */
function bundle(text: string): ReadonlySet<string> {
  writeFileSync(join(root, "packages/cli/dist/late.js"), `export const late = "${text}";`);
  const { status, stderr } = spawnSync(process.execPath, [SCRIPT], { cwd: root, encoding: "utf8" });
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  return chunks();
}

/** As if all that is there had been written so much earlier. */
function pass(hours: number): void {
  const bundled = join(root, "packages/cli/bundle");
  const files = readdirSync(bundled, { recursive: true, withFileTypes: true });
  for (const file of files.filter((one) => one.isFile())) {
    const path = join(file.parentPath, file.name);
    const at = new Date(statSync(path).mtimeMs - hours * HOUR_MS);
    utimesSync(path, at, at);
  }
}

test("what a running command may still load stays for a day after the build that replaces it", () => {
  const first = bundle("first");
  pass(72);

  const second = bundle("second");
  pass(23);
  const third = bundle("third");
  pass(2);
  const fourth = bundle("fourth");

  expect([...first].every((name) => second.has(name) && third.has(name))).toBe(true);
  expect([...first].some((name) => fourth.has(name))).toBe(false);
  expect([...second].filter((name) => !first.has(name)).every((name) => fourth.has(name))).toBe(
    true,
  );
});
