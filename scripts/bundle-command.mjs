/**
 * `node scripts/bundle-command.mjs`, at the end of `npm run build`: the command line as few files, which
 * `bin/zoolog.js` prefers to the many that tsc makes (docs/decisions/037-the-command-is-bundled.md).
 */
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { build } from "esbuild";

const COMMAND = "packages/cli";
const FOLDER = join(COMMAND, "bundle");
const CHUNKS = join(FOLDER, "chunks");

/**
 * Since the build that has them no more: what a command that runs has not loaded yet must still be there
 * when it asks.
 */
const KEPT_MS = 24 * 3_600_000;
/** More than by what any file system rounds times. */
const ROUNDING_MS = 10_000;

/** Our own packages come in, those of others stay where npm has put them. */
const ownPackagesOnly = {
  name: "own-packages-only",
  setup(building) {
    building.onResolve({ filter: /^[^./]/ }, ({ kind, path }) =>
      kind === "entry-point" || path.startsWith("@zoolog/") ? undefined : { path, external: true },
    );
  },
};

const { metafile, outputFiles } = await build({
  entryPoints: { main: join(COMMAND, "dist/main.js") },
  outdir: FOLDER,
  chunkNames: `${basename(CHUNKS)}/[name]-[hash]`,
  bundle: true,
  // What a command loads when it needs it stays a file of its own.
  splitting: true,
  format: "esm",
  platform: "node",
  target: "node20",
  plugins: [ownPackagesOnly],
  metafile: true,
  write: false,
  logLevel: "warning",
});

refuseUndeclared(packagesNamedBy(metafile));
const formerMs = statSync(join(FOLDER, "main.js"), { throwIfNoEntry: false })?.mtimeMs;
mkdirSync(CHUNKS, { recursive: true });
// The entry comes last, and in one step: who starts meanwhile finds the old command or the new one.
const entryLast = [...outputFiles].sort((a, b) => isEntry(a.path) - isEntry(b.path));
for (const { path, contents } of entryLast) {
  writeFileSync(`${path}.new`, contents);
  renameSync(`${path}.new`, path);
}
dropChunksOfFormerBuilds(new Set(outputFiles.map(({ path }) => basename(path))));

/** All files of a build have its time, and no others: by that the next build knows them. */
function dropChunksOfFormerBuilds(current) {
  const now = new Date();
  const before = new Date(now.getTime() - ROUNDING_MS);
  for (const { path } of entryLast) utimesSync(path, now, now);
  for (const name of readdirSync(CHUNKS)) {
    if (current.has(name)) continue;
    const path = join(CHUNKS, name);
    const { mtimeMs } = statSync(path);
    // Their day begins now, however long ago they were built.
    if (mtimeMs === formerMs) utimesSync(path, before, before);
    else if (mtimeMs < now.getTime() - KEPT_MS) rmSync(path);
  }
}

function isEntry(path) {
  return Number(basename(dirname(path)) === basename(FOLDER));
}

/** Of other people, as `import` says them but without a path inside. */
function packagesNamedBy({ outputs }) {
  const imports = Object.values(outputs).flatMap((output) => output.imports);
  const outside = imports.filter(({ external, path }) => external && !path.startsWith("node:"));
  const words = outside.map(({ path }) => path.split("/").slice(0, path.startsWith("@") ? 2 : 1));
  return new Set(words.map((ofPath) => ofPath.join("/")));
}

/**
 * What a bundled package imports is now imported by the command, which finds it for sure only when
 * it is a dependency of its own, in the same range.
 */
function refuseUndeclared(names) {
  const declared = dependenciesOf(COMMAND);
  const faults = readdirSync("packages").flatMap((folder) =>
    Object.entries(dependenciesOf(join("packages", folder)))
      .filter(([name, range]) => names.has(name) && declared[name] !== range)
      .map(
        ([name, range]) =>
          `${COMMAND}/package.json needs "${name}": "${range}", as ${folder} has it`,
      ),
  );
  if (faults.length === 0) return;
  console.error([...new Set(faults)].join("\n"));
  process.exit(1);
}

function dependenciesOf(folder) {
  const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  return { ...manifest.dependencies, ...manifest.optionalDependencies };
}
