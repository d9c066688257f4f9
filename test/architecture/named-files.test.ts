/** Documents name files; whoever moves a file is told here which of them to mend. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

function filesBelow(dir: string, ending: string): string[] {
  return readdirSync(dir, { withFileTypes: true }).flatMap((entry) => {
    const path = join(dir, entry.name);
    if (entry.name === "node_modules" || entry.name === "dist") return [];
    if (entry.isDirectory()) return filesBelow(path, ending);
    return entry.name.endsWith(ending) ? [path] : [];
  });
}

/** Whole, and as most documents write it: `packages/log/src/a/b.ts` is `log/a/b.ts`. */
const FILES = ["packages", "test", "examples"]
  .flatMap((dir) => filesBelow(dir, ".ts"))
  .flatMap((path) => [`/${path}`, `/${path.replace(/^packages\/([^/]+)\/src\//, "$1/")}`]);

const DOCUMENTS = [
  "ARCHITECTURE.md",
  "CONTRIBUTING.md",
  ...filesBelow("docs", ".md"),
  ...readdirSync("packages").map((name) => `packages/${name}/README.md`),
  ...readdirSync("test").map((name) => `test/${name}/README.md`),
].filter((path) => existsSync(path));

/** `x.test.ts` and the like stand for any file of the kind. */
const NAMED = /`((?!x\.)[\w./-]+\.ts)`/g;

test.each(DOCUMENTS)("every source file that %s names is there", (document) => {
  const named = [...readFileSync(document, "utf8").matchAll(NAMED)].map(([, name]) => name ?? "");

  const missing = named.filter((name) => !FILES.some((file) => file.endsWith(`/${name}`)));

  expect(missing).toEqual([]);
});
