/** What `bin/zoolog.js` says of a clone whose build is missing or older than its sources. */
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

const BUILT = new Date("2026-01-01T10:00Z");
const BEFORE = new Date("2026-01-01T09:00Z");
const AFTER = new Date("2026-01-01T11:00Z");

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "zoolog-clone-"));
  cpSync("packages/cli/bin", join(root, "packages/cli/bin"), { recursive: true });
  write("packages/cli/package.json", '{"type":"module"}', BUILT);
  write("packages/cli/src/main.ts", "", BEFORE);
  write("packages/cli/tsconfig.tsbuildinfo", "", BUILT);
  write("packages/cli/dist/main.js", "export const main = () => console.log('ran');", BUILT);
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function write(name: string, text: string, at: Date): void {
  const path = join(root, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  utimesSync(path, at, at);
}

function run() {
  const bin = join(root, "packages/cli/bin/zoolog.js");
  const { status, stderr, stdout } = spawnSync(process.execPath, [bin], { encoding: "utf8" });
  return { status, stderr, stdout };
}

test("an installed package has no sources and says nothing", () => {
  rmSync(join(root, "packages/cli/src"), { recursive: true });

  expect(run()).toEqual({ status: 0, stderr: "", stdout: "ran\n" });
});

test("a build that is as new as what git has brought says nothing", () => {
  write(".git/logs/HEAD", "", BEFORE);

  expect(run()).toEqual({ status: 0, stderr: "", stdout: "ran\n" });
});

test("a pull that brought newer sources is told, and the old build runs", () => {
  write("packages/cli/src/output/table.ts", "", AFTER);
  write(".git/logs/HEAD", "", AFTER);
  const { status, stderr, stdout } = run();

  expect({ status, stdout }).toEqual({ status: 0, stdout: "ran\n" });
  expect(stderr).toContain("packages/cli/src/output/table.ts is newer than what was built of it");
  expect(stderr).toContain(`In ${root}: npm ci.`);
});

test("a work tree, whose .git is a file, is nobody who forgets to build", () => {
  write("packages/cli/src/output/table.ts", "", AFTER);
  write(".git", "gitdir: elsewhere", AFTER);

  expect(run()).toEqual({ status: 0, stderr: "", stdout: "ran\n" });
});

test("a pull of tests and documents alone is nothing to build", () => {
  write("packages/cli/src/main.test.ts", "", AFTER);
  write(".git/logs/HEAD", "", AFTER);

  expect(run().stderr).toBe("");
});

test("a clone that was never built says how", () => {
  rmSync(join(root, "packages/cli/dist"), { recursive: true });
  const { status, stderr } = run();

  expect(status).toBe(1);
  expect(stderr).toContain("zoolog is not built");
  expect(stderr).not.toContain("ERR_MODULE_NOT_FOUND");
});

describe("a bundle", () => {
  beforeEach(() => {
    write(
      "packages/cli/bundle/main.js",
      "export const main = () => console.log('bundled');",
      AFTER,
    );
  });

  test("that is as new as what tsc made runs instead of it", () => {
    expect(run()).toEqual({ status: 0, stderr: "", stdout: "bundled\n" });
  });

  test("runs where nothing tells when tsc ran, as in an installed package", () => {
    rmSync(join(root, "packages/cli/tsconfig.tsbuildinfo"));

    expect(run().stdout).toBe("bundled\n");
  });

  test("that is older than what tsc made of any package does not run", () => {
    write("packages/log/tsconfig.tsbuildinfo", "", new Date(AFTER.getTime() + 1));

    expect(run()).toEqual({ status: 0, stderr: "", stdout: "ran\n" });
  });
});
