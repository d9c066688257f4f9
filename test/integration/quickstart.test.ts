import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { promisify } from "node:util";

const COMMAND = "packages/cli/bin/zoolog.js";

/** `zoolog dev` on free ports; answers where its broker listens. */
async function startDev() {
  const args = [
    COMMAND,
    "dev",
    "--ephemeral",
    "--http-port",
    "0",
    "--kafka-port",
    "0",
    "--zookeeper-port",
    "0",
  ];
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

async function run(program: string, bootstrap: string): Promise<string> {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ["--conditions=zoolog-source", "--import", "tsx", program],
    { env: { ...process.env, ZOOLOG_BOOTSTRAP: bootstrap } },
  );
  return stdout;
}

test("the README shows the example that runs", () => {
  const readme = readFileSync("README.md", "utf8");
  const [, ...code] = readFileSync("examples/quickstart.ts", "utf8").split("\n");

  expect(readme).toContain(code.join("\n"));
});

test("the SDK's guide shows the program that runs, piece by piece and whole", () => {
  const guide = readFileSync("docs/sdk.md", "utf8");
  const pieces = [...guide.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, piece]) => piece);
  const [, ...code] = readFileSync("examples/sdk-guide.ts", "utf8").split("\n");

  expect(pieces.join("\n")).toBe(code.join("\n"));
});

test("the quickstart writes an order and reads it back", async () => {
  const { url, child, exited } = await startDev();
  try {
    const stdout = await run("examples/quickstart.ts", url);

    expect(stdout).toMatch(/^written to partition (\d) at offset 0\n\1 0 a 7\n$/);
  } finally {
    child.kill("SIGTERM");
    await exited;
  }
});

test("the SDK's guide does what it says", async () => {
  const { url, child, exited } = await startDev();
  try {
    const stdout = await run("examples/sdk-guide.ts", url);

    expect(stdout.trimEnd().split("\n")).toEqual([
      '0 a {"amount":7}',
      '1 a {"amount":8}',
      "2 a null",
      "3 a tombstone",
      ...[0, 1, 2, 3].map((offset) => `guide-orders ${offset}`),
      "read up to 4",
      "again 1",
      "behind it 2",
      "behind it 3",
      ...[0, 1, 2, 3].map((offset) => `billed ${offset}`),
      "lag 0",
      ...[0, 1, 2].map((offset) => `shipped ${offset} 1 false`),
      "shipped 2 2 false",
      "shipped 3 1 false",
      "zoolog.dead-letter.topic guide-orders",
      expect.stringMatching(/^zoolog.dead-letter.partition [01]$/),
      "zoolog.dead-letter.offset 2",
      "zoolog.dead-letter.group guide-shipping",
      "zoolog.dead-letter.attempts 2",
      "zoolog.dead-letter.code UNKNOWN",
      "zoolog.dead-letter.cause no such order",
      ...[0, 1, 2, 3].map((offset) => `archived ${offset}`),
      "UNKNOWN_TOPIC_OR_PARTITION false",
      "left",
      "group guide-archive consumer",
      "group guide-billing consumer",
      "group guide-shipping consumer",
      "members 1 zoolog-client",
      "moved 4 2 lag 2",
      "billing is at 2 of 4",
      "retention.ms 86400000 topic",
      "from 2 to 4 of 3",
    ]);
  } finally {
    child.kill("SIGTERM");
    await exited;
  }
});
