import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** One deliberate mistake in a built broker. The product itself has no switch for it. */
export type CodeMutation = {
  /** Built file below `packages/`. */
  readonly file: string;
  /** Stands exactly once in the file. */
  readonly find: string;
  readonly replace: string;
};

/** What of a package a process needs. */
const PARTS = ["package.json", "bin", "dist"];

/**
 * A copy of what is built, with the mistakes in it, in a temporary folder: packages as they are, and
 * links to everything installed. `remove` when done.
 */
export function mutatedBuild(
  repository: string,
  mutations: readonly CodeMutation[],
): { readonly folder: string; readonly remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), "zoolog-mutated-"));
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  try {
    copyPackages(repository, folder);
    for (const mutation of mutations) mutate(join(folder, "packages"), mutation);
    return { folder, remove };
  } catch (error) {
    remove();
    throw error;
  }
}

function copyPackages(repository: string, folder: string): void {
  const installed = join(repository, "node_modules");
  const ours = join(folder, "node_modules", "@zoolog");
  mkdirSync(ours, { recursive: true });
  for (const name of readdirSync(join(repository, "packages"))) {
    for (const part of PARTS) {
      const from = join(repository, "packages", name, part);
      const to = join(folder, "packages", name, part);
      if (existsSync(from)) cpSync(from, to, { recursive: true });
    }
    symlinkSync(join(folder, "packages", name), join(ours, name));
  }
  for (const name of readdirSync(installed)) {
    if (name.startsWith(".") || name === "@zoolog") continue;
    symlinkSync(join(installed, name), join(folder, "node_modules", name));
  }
}

function mutate(packages: string, mutation: CodeMutation): void {
  writeFileSync(join(packages, mutation.file), mutatedText(packages, mutation));
}

/** @throws RangeError when the text is not there exactly once: the code has moved on. */
export function mutatedText(packages: string, { file, find, replace }: CodeMutation): string {
  const pieces = readFileSync(join(packages, file), "utf8").split(find);
  if (pieces.length === 2) return pieces.join(replace);
  throw new RangeError(`${file} has ${pieces.length - 1} times: ${find}`);
}
