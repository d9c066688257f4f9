import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";

/**
 * What is wrong with what tsc made of this clone, in words; nothing in an installed package. Sources
 * are looked at only when git has changed the tree since the build: a pull is what people forget.
 *
 * @param {string} folder of the package
 * @returns {{ error?: string, warning?: string }}
 */
export function buildFault(folder) {
  const packages = join(folder, "..");
  const root = join(packages, "..");
  if (!existsSync(join(folder, "dist/main.js"))) {
    return {
      error: `error: zoolog is not built\ntry:   In ${root}: npm ci (the first time), else npm run build.`,
    };
  }
  try {
    return staleness(packages, root);
  } catch {
    // Whatever this folder is, it is no clone with a build: no reason to run nothing.
    return {};
  }
}

/**
 * Whether the command was bundled since tsc last made something. Where tsc alone has run, as tests and
 * `npm run check` have it, the bundle is of older code: what tsc made runs then, which starts slower.
 *
 * @param {string} folder of the package
 * @returns {boolean}
 */
export function hasNewestBundle(folder) {
  const bundledMs = changedMs(join(folder, "bundle/main.js"));
  if (bundledMs === undefined) return false;
  const packages = join(folder, "..");
  return readdirSync(packages).every(
    (name) => (changedMs(join(packages, name, "tsconfig.tsbuildinfo")) ?? 0) <= bundledMs,
  );
}

function staleness(packages, root) {
  const pulledMs = changedMs(join(root, ".git/logs/HEAD"));
  if (pulledMs === undefined) return {};
  for (const name of readdirSync(packages)) {
    const builtMs = changedMs(join(packages, name, "tsconfig.tsbuildinfo"));
    if (builtMs === undefined || builtMs >= pulledMs) continue;
    const source = sourceSince(join(packages, name, "src"), builtMs);
    if (source === undefined) continue;
    const what = `packages/${name}/src/${source} is newer than what was built of it`;
    return { warning: `warning: this runs older code: ${what}\ntry:     In ${root}: npm ci.` };
  }
  return {};
}

/** A source file that changed after this time. */
function sourceSince(folder, builtMs) {
  return readdirSync(folder, { recursive: true }).find(
    (file) => /(?<!\.test)\.ts$/.test(file) && statSync(join(folder, file)).mtimeMs > builtMs,
  );
}

function changedMs(path) {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs;
}
