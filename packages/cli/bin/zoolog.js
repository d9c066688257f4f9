#!/usr/bin/env node
import { fileURLToPath } from "node:url";
import { buildFault } from "./build.js";

const { error, warning } = buildFault(fileURLToPath(new URL("..", import.meta.url)));
if (warning !== undefined) process.stderr.write(`${warning}\n`);
if (error === undefined) {
  const { main } = await import("../dist/main.js");
  await main(process.argv);
} else {
  process.stderr.write(`${error}\n`);
  process.exitCode = 1;
}
