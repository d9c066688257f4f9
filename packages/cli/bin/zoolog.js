#!/usr/bin/env node
import { fileURLToPath } from "node:url";
import { buildFault, hasNewestBundle } from "./build.js";

const folder = fileURLToPath(new URL("..", import.meta.url));
const { error, warning } = buildFault(folder);
if (warning !== undefined) process.stderr.write(`${warning}\n`);
if (error === undefined) {
  const build = hasNewestBundle(folder) ? "../bundle/main.js" : "../dist/main.js";
  const { main } = await import(build);
  await main(process.argv);
} else {
  process.stderr.write(`${error}\n`);
  process.exitCode = 1;
}
