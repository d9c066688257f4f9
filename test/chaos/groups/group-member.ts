/**
 * One member of the group, a process of its own: consumes through the SDK of a build, and notes each
 * record in its history before that counts as handled. One JSON array a line, in single appends.
 */
import { createHash } from "node:crypto";
import { openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import type { Consumer, ConsumerPartition, ReaderRecord } from "@zoolog/client";
import { machineMs } from "./machine-clock.ts";
import type { MemberCommand, MemberPlan } from "./member-plan.ts";

type Sdk = typeof import("@zoolog/client");

/** How far behind its pace a partition may catch up at full speed, ms. */
const CATCH_UP_MS = 1_000;
/** Timers are not more exact than this, ms. */
const SLACK_MS = 5;
/** How often commits that were acknowledged are noted, ms. */
const NOTE_COMMITS_MS = 250;
/** Records of different partitions that are handled at the same time. */
const CONCURRENCY = 64;

const plan = JSON.parse(process.argv[2] ?? "{}") as MemberPlan;
const history = openSync(plan.historyFile, "a");
const due = new Map<number, number>();
const acknowledged = new Map<number, number>();
let isFast = false;

const sdk = (await import(
  pathToFileURL(join(plan.build, "packages/client/dist/index.js")).href
)) as Sdk;
const client = new sdk.Client({ brokers: plan.brokers, clientId: plan.name });
const consumer = client.consumer({
  group: plan.group,
  topics: [sdk.topic(plan.topic, { value: sdk.serde.string() })],
  from: "earliest",
  protocol: plan.protocol,
  sessionTimeoutMs: plan.sessionTimeoutMs,
  heartbeatIntervalMs: plan.heartbeatIntervalMs,
  commitIntervalMs: 500,
  onAssigned: (partitions) => noteOwnership("assigned", partitions),
  onRevoked: (partitions) => noteOwnership("revoked", partitions),
  onLost: (partitions) => noteOwnership("lost", partitions),
  onError: (error) => log(`${(error as { code?: string }).code ?? ""} ${error.message}`),
});

createInterface({ input: process.stdin })
  .on("line", (line) => command(line as MemberCommand))
  .on("close", () => process.exit(3));

setInterval(noteCommits, NOTE_COMMITS_MS).unref();

try {
  await read(consumer);
} catch (error) {
  const code = (error as { code?: string }).code;
  if (code !== "CLOSED") {
    log(`ends: ${error instanceof Error ? error.stack : String(error)}`);
    process.exit(1);
  }
}
await client.close();
process.exit(0);

async function read(consumer: Consumer<Uint8Array, string>): Promise<void> {
  if (plan.read === "run") {
    const handler = (record: ReaderRecord<Uint8Array, string>) => {
      const waitMs = waitOf(record.partition);
      return waitMs > 0 ? sleep(waitMs).then(() => done(record)) : done(record);
    };
    await consumer.run(handler, { concurrency: CONCURRENCY, order: "partition" });
  } else if (plan.read === "records") {
    for await (const record of consumer) {
      const waitMs = waitOf(record.partition);
      if (waitMs > 0) await sleep(waitMs);
      done(record);
    }
  } else {
    for (;;) await readBatches(consumer);
  }
}

/** Until a batch is taken away in its middle: who leaves the loop with it has not handled it. */
async function readBatches(consumer: Consumer<Uint8Array, string>): Promise<void> {
  for await (const batch of consumer.batches()) {
    for (const record of batch) {
      const waitMs = waitOf(record.partition);
      if (waitMs > 0) await sleep(waitMs);
      if (batch.signal.aborted) return;
      done(record);
    }
  }
}

/** How long the next record of a partition has to wait for its time, ms. */
function waitOf(partition: number): number {
  if (isFast) return 0;
  const now = machineMs();
  const at = Math.max(due.get(partition) ?? now, now - CATCH_UP_MS);
  due.set(partition, at + plan.paceMs);
  return at > now + SLACK_MS ? at - now : 0;
}

function done({ offset, partition, value }: ReaderRecord<Uint8Array, string>): void {
  const hash = createHash("sha256")
    .update(value ?? "")
    .digest("hex")
    .slice(0, 16);
  note(["processed", machineMs(), partition, offset, consumer.memberEpoch ?? null, hash]);
}

function noteOwnership(
  what: "assigned" | "revoked" | "lost",
  partitions: readonly ConsumerPartition[],
): void {
  if (what === "revoked") noteCommits();
  if (what === "assigned") for (const { partition } of partitions) acknowledged.delete(partition);
  note([what, machineMs(), partitions.map(({ partition }) => partition)]);
}

/** What the coordinator has acknowledged: a start at a committed offset is a commit, too. */
function noteCommits(): void {
  const at = machineMs();
  for (const { committed, partition } of consumer.assignment()) {
    if (committed === undefined || acknowledged.get(partition) === committed) continue;
    acknowledged.set(partition, committed);
    note(["acknowledged", at, partition, committed]);
  }
}

function note(entry: readonly unknown[]): void {
  writeSync(history, `${JSON.stringify(entry)}\n`);
}

function command(line: MemberCommand): void {
  if (line === "fast") isFast = true;
  else client.close().catch((error: unknown) => log(`cannot close: ${String(error)}`));
}

function log(text: string): void {
  process.stderr.write(`${Math.round(machineMs())} ${plan.name} ${text}\n`);
}
