import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import type { Measurement } from "./harness/measurement.ts";
import { inRounds } from "./harness/rounds.ts";

const COMMAND = "packages/cli/bin/zoolog.js";
const DEV = [
  "dev",
  "--ephemeral",
  "--http-port",
  "0",
  "--kafka-port",
  "0",
  "--zookeeper-port",
  "0",
];
/** Until what the start has left behind is collected. */
const SETTLE_MS = 3_000;

/** The built command, as users run it (`npm run build` first). */
export async function measureStartUp(): Promise<Measurement[]> {
  const { help, node, ready } = await inRounds({
    node: () => milliseconds(["-e", "0"]),
    help: () => milliseconds([COMMAND, "--help"]),
    ready: async () => (await startDev()).readyMs,
  });
  const { idleMegabytes } = await startDev(SETTLE_MS);
  return [
    {
      name: "zoolog --help, process start to end",
      value: help,
      unit: "ms",
      ceiling: { name: "node -e 0", value: node },
      bar: { valueMax: 150 },
    },
    {
      name: "zoolog dev --ephemeral, process start to ready",
      value: ready,
      unit: "ms",
      bar: { valueMax: 1000 },
    },
    {
      name: "zoolog dev --ephemeral, idle memory",
      value: idleMegabytes,
      unit: "MB",
      bar: { valueMax: 130 },
    },
  ];
}

async function milliseconds(args: readonly string[]): Promise<number> {
  const start = performance.now();
  const child = spawn(process.execPath, [...args], { stdio: "ignore" });
  await once(child, "exit");
  return performance.now() - start;
}

/** Starts `zoolog dev`, waits until it says that it is ready, and ends it again. */
async function startDev(settleMs = 0): Promise<{ readyMs: number; idleMegabytes: number }> {
  const start = performance.now();
  const child = spawn(process.execPath, [COMMAND, ...DEV], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const exited = once(child, "exit");
  const saidReady = Promise.any(
    [child.stdout, child.stderr].map(async (stream) => {
      for await (const line of createInterface({ input: stream })) {
        if (line.includes("is ready")) return;
      }
      throw new Error("zoolog dev ended before it was ready");
    }),
  );
  await saidReady;
  const readyMs = performance.now() - start;
  await new Promise((resolve) => setTimeout(resolve, settleMs));
  const status = readFileSync(`/proc/${child.pid}/status`, "utf8");
  child.kill("SIGTERM");
  await exited;
  return {
    readyMs,
    idleMegabytes: Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? Number.NaN) / 1024,
  };
}
