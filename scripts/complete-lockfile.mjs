/**
 * `node scripts/complete-lockfile.mjs`, after `npm install` has changed package-lock.json.
 *
 * Native tools come as one optional package per platform. A registry mirror that keeps only the
 * platforms its users have makes npm leave the others out of the lockfile, and `npm ci` then refuses
 * that lockfile everywhere. This adds what is missing: version and platform, by the packages' names.
 */
import { readFileSync, writeFileSync } from "node:fs";

const LOCKFILE = "package-lock.json";
const OPERATING_SYSTEMS = ["android", "darwin", "freebsd", "linux", "openharmony", "win32"];
const PROCESSORS = "arm64 arm ia32 x64 ppc64 riscv64 s390x loong64 wasm32".split(" ");

/** `@swc/core-linux-arm-gnueabihf` → linux, arm, glibc. */
function platformOf(name) {
  const words = name.split(/[/-]/);
  const os = OPERATING_SYSTEMS.find((word) => words.includes(word));
  const cpu = PROCESSORS.find((word) => words.includes(word));
  if (os === undefined || cpu === undefined) return undefined;
  const abi = words.at(-1);
  const libc = abi.startsWith("musl") ? "musl" : abi.startsWith("gnu") ? "glibc" : undefined;
  return { cpu: [cpu], os: [os], ...(libc === undefined ? {} : { libc: [libc] }) };
}

const lock = JSON.parse(readFileSync(LOCKFILE, "utf8"));
const added = [];
for (const { dev, optionalDependencies } of Object.values(lock.packages)) {
  for (const [name, version] of Object.entries(optionalDependencies ?? {})) {
    const place = `node_modules/${name}`;
    const platform = platformOf(name);
    const isKnown = Object.keys(lock.packages).some((path) => path.endsWith(place));
    if (isKnown || platform === undefined || !/^\d/.test(version)) continue;
    lock.packages[place] = { version, ...(dev ? { dev } : {}), optional: true, ...platform };
    added.push(name);
  }
}
lock.packages = Object.fromEntries(
  Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : 1)),
);
writeFileSync(LOCKFILE, `${JSON.stringify(lock, null, 2)}\n`);
console.log(`${added.length} platform packages added to ${LOCKFILE}`);
