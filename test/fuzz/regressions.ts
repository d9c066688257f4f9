import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Inputs that once were findings, one file each: replayed on every commit. */
const FOLDER = join(process.cwd(), "test/fuzz/regressions");

export type Regression = { readonly name: string; readonly input: Buffer };

export function regressionsOf(target: string): readonly Regression[] {
  const folder = join(FOLDER, target);
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .sort()
    .map((name) => ({ name, input: readFileSync(join(folder, name)) }));
}

/** Keeps an input; answers its name. */
export function keepRegression(target: string, input: Buffer): string {
  const folder = join(FOLDER, target);
  mkdirSync(folder, { recursive: true });
  const name = `${createHash("sha256").update(input).digest("hex").slice(0, 12)}.bin`;
  writeFileSync(join(folder, name), input);
  return name;
}
