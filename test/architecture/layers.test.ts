/** The package graph, as law. THINK about the layering before you change scripts/layers.cjs. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const LAYERS: Record<string, readonly string[]> = require("../../scripts/layers.cjs");
const SCOPE = "@zoolog/";

function sourceFiles(dir: string): string[] {
  return readdirSync(dir, { withFileTypes: true }).flatMap((entry) => {
    const path = join(dir, entry.name);
    if (entry.isDirectory()) return sourceFiles(path);
    return /(?<!\.test|\.fixture)\.ts$/.test(entry.name) ? [path] : [];
  });
}

/** Imports stand at the start of a line; what looks like one inside a text is none. */
const IMPORTS = /^(?:import|export|\})[^"\n]*"([^"]+)";$|\bimport\("([^"]+)"\)/gm;

function importedPackages(name: string): string[] {
  const specifiers = sourceFiles(`packages/${name}/src`).flatMap((file) =>
    [...readFileSync(file, "utf8").matchAll(IMPORTS)].map((m) => m[1] ?? m[2] ?? ""),
  );
  const ours = specifiers
    .filter((id) => id.startsWith(SCOPE))
    .map((id) => id.slice(SCOPE.length).split("/")[0] ?? "");
  return [...new Set(ours)];
}

function packageJson(name: string): {
  dependencies?: Record<string, string>;
} {
  return JSON.parse(readFileSync(`packages/${name}/package.json`, "utf8"));
}

function references(name: string): string[] {
  const tsconfig: { references?: { path: string }[] } = JSON.parse(
    readFileSync(`packages/${name}/tsconfig.json`, "utf8"),
  );
  return (tsconfig.references ?? []).map((r) => r.path.replace("../", ""));
}

test("every package has its place in the layers", () => {
  expect(readdirSync("packages").sort()).toEqual(Object.keys(LAYERS).sort());
});

describe.each(Object.entries(LAYERS))("%s", (name, allowed) => {
  test("imports only the packages below it", () => {
    expect(importedPackages(name).filter((id) => !allowed.includes(id))).toEqual([]);
  });

  test("declares in package.json and tsconfig what it may import and nothing else", () => {
    const declared = Object.keys(packageJson(name).dependencies ?? {})
      .filter((id) => id.startsWith(SCOPE))
      .map((id) => id.slice(SCOPE.length));

    expect(declared.sort()).toEqual([...allowed].sort());
    expect(references(name).sort()).toEqual([...allowed].sort());
  });

  test("has a README of at most 30 lines", () => {
    const lines = readFileSync(`packages/${name}/README.md`, "utf8").trimEnd().split("\n");

    expect(lines.length).toBeLessThanOrEqual(30);
  });
});
