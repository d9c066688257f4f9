import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Contest } from "../contest.ts";
import { createTopic, deleteTopic } from "../topics.ts";
import { filledTopic } from "./consume.ts";

const RECORDS = 300_000;
/** Without the end of the line: 1 KiB in hexadecimal digits. */
const RECORD_BYTES = 1_024;
const PARTITIONS = 6;
const RUN_MS_MAX = 120_000;

/** librdkafka by its own command line, with its defaults (acks=all, 5 ms of linger). */
export const kcat: Contest = {
  name: "kcat 1 KiB RF 1",
  brokers: 1,
  rounds: 5,
  disciplines: [
    { name: "producing", unit: "MB/s", better: "more" },
    { name: "reading from the beginning", unit: "MB/s", better: "more" },
  ],
  measure: async (side, conditions) => {
    const { client, share } = conditions;
    const records = Math.round(RECORDS * share);
    const filled = await filledTopic(side, conditions);
    const topic = await createTopic(side, client, { partitions: PARTITIONS, replicas: 1 });
    const folder = mkdtempSync(join(tmpdir(), "zoolog-bench-"));
    const file = join(folder, "lines");
    try {
      writeFileSync(file, linesOf(records));
      const brokers = ["-q", "-b", side.bootstrap];
      const written = await secondsOf([...brokers, "-P", "-t", topic, "-l", file]);
      const read = await secondsOf([...brokers, "-C", "-e", "-o", "beginning", "-t", filled.topic]);
      return [(records * RECORD_BYTES) / 2 ** 20 / written, filled.megabytes / read];
    } finally {
      rmSync(folder, { recursive: true, force: true });
      await deleteTopic(side, client, topic);
    }
  },
};

function linesOf(records: number): Buffer {
  const line = `${randomBytes(RECORD_BYTES / 2).toString("hex")}\n`;
  return Buffer.alloc(line.length * records, line);
}

async function secondsOf(args: readonly string[]): Promise<number> {
  const start = performance.now();
  const child = spawn("kcat", [...args], {
    stdio: ["ignore", "ignore", "pipe"],
    timeout: RUN_MS_MAX,
  });
  let stderr = "";
  child.stderr.on("data", (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  const code = await new Promise((resolve, reject) => {
    child.once("error", () => reject(new Error("kcat was not found: apt-get install kcat")));
    child.once("close", resolve);
  });
  if (code !== 0) throw new Error(`kcat ended with ${String(code)}: ${stderr}`);
  return (performance.now() - start) / 1_000;
}
