/**
 * `node scripts/production-tree.mjs FOLDER`, after `npm ci`: what the command line needs to run and
 * nothing else, as FOLDER/node_modules. Our own packages become real folders of what they publish.
 */
import { spawnSync } from "node:child_process";
import { cpSync, lstatSync, mkdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";

const target = process.argv[2];
if (target === undefined) {
  console.error("usage: node scripts/production-tree.mjs FOLDER");
  process.exit(2);
}

// npm knows the closure: everything that is reached without a devDependency.
const args = ["ls", "--omit=dev", "--all", "--parseable", "--workspace=@zoolog/cli"];
const listed = spawnSync("npm", args, { encoding: "utf8" });
const places = listed.stdout
  .split("\n")
  .map((path) => relative(process.cwd(), path))
  .filter((path) => path.startsWith("node_modules"));
if (places.length === 0) throw new Error(`npm ls found nothing: ${listed.stderr}`);

for (const place of places) {
  if (lstatSync(place).isSymbolicLink()) {
    const { files } = JSON.parse(readFileSync(join(place, "package.json"), "utf8"));
    mkdirSync(join(target, place), { recursive: true });
    for (const part of ["package.json", ...files]) {
      cpSync(join(place, part), join(target, place, part), { recursive: true });
    }
  } else {
    // Packages inside are in the list themselves, if they are needed.
    const isOwn = (path) => !relative(place, path).split("/").includes("node_modules");
    cpSync(place, join(target, place), { recursive: true, filter: isOwn });
  }
}
