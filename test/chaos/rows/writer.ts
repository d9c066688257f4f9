/** A producer in a process of its own, so that it can be killed: notes each send before it is one. */
import { randomUUID } from "node:crypto";
import { openSync, writeSync } from "node:fs";
import { Client, serde, topic } from "@zoolog/client";
import { TOPIC } from "./cluster-row.ts";
import type { WriterLine, WriterPlan } from "./writer-plan.ts";

const PACE_MS = 5;

const plan = JSON.parse(process.argv[2] ?? "{}") as WriterPlan;
const history = openSync(plan.historyFile, "a");
const client = new Client({ brokers: plan.brokers, clientId: `chaos-writer-${plan.process}` });
const producer = client.producer({ lingerMs: 5 });
const records = topic(TOPIC, { value: serde.string() });
const beganAt = performance.now();
let order = 0;

setInterval(() => {
  const due = ((performance.now() - beganAt) / 1_000) * plan.recordsPerSecond;
  for (; order < due; order++) send(order);
}, PACE_MS);

function send(number: number): void {
  const partition = number % plan.partitions;
  const value = `${plan.process}:${number}:${randomUUID()}`;
  note(["sent", number, String(partition), value, now()]);
  producer.send(records, { value, partition }).then(
    ({ offset }) => note(["ok", number, offset, now()]),
    () => note(["info", number, now()]),
  );
}

function note(line: WriterLine): void {
  writeSync(history, `${JSON.stringify(line)}\n`);
}

/** Comparable with that of the process that judges. */
function now(): number {
  return performance.timeOrigin + performance.now();
}
