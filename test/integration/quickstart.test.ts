import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { promisify } from "node:util";

const COMMAND = "packages/cli/bin/zoolog.js";

/** `zoolog dev` on free ports; answers where its broker listens. */
async function startDev() {
  const args = [COMMAND, "dev", "--ephemeral", "--http-port", "0", "--zookeeper-port", "0"];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "inherit", "pipe"] });
  const exited = once(child, "exit");
  // Read on to the end: a command whose reader went away ends, as in `zoolog dev | head`.
  const lines = createInterface({ input: child.stderr });
  const url = await new Promise<string>((resolve, reject) => {
    lines.on("line", (line) => {
      const found = /brokers\s+(http:\S+)/.exec(line)?.[1];
      if (found !== undefined) resolve(found);
    });
    lines.once("close", () => reject(new Error("zoolog dev ended before it listened")));
  });
  return { url, child, exited };
}

test("the README shows the example that runs", () => {
  const readme = readFileSync("README.md", "utf8");
  const [, ...code] = readFileSync("examples/quickstart.ts", "utf8").split("\n");

  expect(readme).toContain(code.join("\n"));
});

test("the quickstart writes an order and reads it back", async () => {
  const { url, child, exited } = await startDev();
  try {
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ["--conditions=zoolog-source", "--import", "tsx", "examples/quickstart.ts"],
      { env: { ...process.env, ZOOLOG_BOOTSTRAP: url } },
    );

    expect(stdout).toMatch(/^written to partition (\d) at offset 0\n\1 0 a 7\n$/);
  } finally {
    child.kill("SIGTERM");
    await exited;
  }
});
