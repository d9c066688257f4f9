import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { type Client, type Consumer, type GroupDescription, serde, topic } from "@zoolog/client";
import type { ChaosCluster } from "../chaos-cluster.ts";
import type { GroupCrew } from "./group-crew.ts";
import { writeLines } from "./line-writer.ts";

export type ScriptedCheck = { readonly what: string; readonly fault: string | undefined };

export type ChecksContext = {
  readonly cluster: ChaosCluster;
  readonly admin: Client;
  readonly crew: GroupCrew;
  readonly build: string;
  readonly group: string;
  readonly topic: string;
  readonly partitions: number;
  /** What is in the topic when the checks begin. */
  readonly lines: number;
  readonly protocol: "consumer" | "classic";
};

/** Written while a second group replays. */
const NEW_LINES = Array.from({ length: 2_400 }, (_, index) => `written at the end ${index}`);
const WRITE_MS = 2_000;
const CHECK_MS_MAX = 60_000;
/** Beside the log's: where a group without members is set to. */
const REWIND_OFFSET = 17;

/** While the group is there: a second one, and somebody who only looks. */
export async function checkBesides(context: ChecksContext): Promise<readonly ScriptedCheck[]> {
  const { admin, group } = context;
  const before = await admin.admin.groups.describe(group);
  const tail = readTail(context);
  const [replayed] = await Promise.all([
    replay(context),
    writeLines(NEW_LINES, { ...context, overMs: WRITE_MS }, { client: admin }),
  ]);
  const tailed = await tail;
  const after = await admin.admin.groups.describe(group);
  const groups = (await admin.admin.groups.list()).map((listed) => listed.group);
  const expected = context.lines + NEW_LINES.length;
  const members = (of: typeof before) => of.members.map(({ memberId }) => memberId).sort();
  return [
    {
      what: "a second group replays everything from the beginning",
      fault: replayed === expected ? undefined : `${replayed} of ${expected} records`,
    },
    {
      what: "meanwhile the first group keeps its members and its epoch",
      fault:
        String(members(before)) === String(members(after)) && epochOf(before) === epochOf(after)
          ? undefined
          : `${epochOf(before)} ${members(before)}, then ${epochOf(after)} ${members(after)}`,
    },
    {
      what: "a tail of the topic sees what is written and makes no group",
      fault:
        tailed === NEW_LINES.length && groups.length === 2
          ? undefined
          : `${tailed} of ${NEW_LINES.length} records, groups ${groups}`,
    },
  ];
}

/** The group's members have left: it is rewound and moved on, by the command line. */
export async function checkResets(context: ChecksContext): Promise<readonly ScriptedCheck[]> {
  const { admin, group } = context;
  const middle = await timestampInTheMiddle(context);
  const ends = await admin.admin.listOffsets(context.topic, "latest");
  const atTime = await admin.admin.listOffsets(context.topic, { timestamp: middle });
  const resets = [
    ["an offset", ["--to-offset", String(REWIND_OFFSET)], () => REWIND_OFFSET],
    ["a time", ["--to-time", String(middle)], (p: number) => atTime.get(p)?.offset],
    ["the end", ["--to-end"], (p: number) => ends.get(p)?.offset],
  ] as const;
  const checks: ScriptedCheck[] = [];
  for (const [where, flags, expected] of resets) {
    const what = `reset to ${where}: committed, and read from there`;
    try {
      await zoolog(context, ["group", "reset", group, ...flags, "--execute"]);
      const fault =
        (await committedFault(context, expected)) ?? (await firstFault(context, expected));
      checks.push({ what, fault });
    } catch (error) {
      checks.push({ what, fault: String(error) });
    }
  }
  return checks;
}

type Expected = (partition: number) => number | undefined;
type TextConsumer = Consumer<Uint8Array, string>;

function epochOf({ generation, groupEpoch }: GroupDescription): number | undefined {
  return groupEpoch ?? generation;
}

function consumerOf({ cluster, protocol, topic: name }: ChecksContext, group: string) {
  const client = cluster.client(`chaos-${group}`);
  const topics = [topic(name, { value: serde.string() })];
  const consumer = client.consumer({ group, topics, from: "earliest", protocol, commit: "manual" });
  return { client, consumer };
}

/** How many records a group that begins now is handed out, each once and in order. */
async function replay(context: ChecksContext): Promise<number> {
  const { client, consumer } = consumerOf(context, "replay");
  const next = new Map<number, number>();
  let records = 0;
  try {
    await inTime("replay", async () => {
      for await (const { offset, partition } of consumer) {
        if (offset !== (next.get(partition) ?? 0)) throw new Error(`${partition}: ${offset}`);
        next.set(partition, offset + 1);
        records += 1;
        if (records === context.lines + NEW_LINES.length) return;
      }
    });
  } finally {
    await client.close();
  }
  return records;
}

/** How many records somebody sees who follows the end of the topic. */
async function readTail({ admin, topic: name }: ChecksContext): Promise<number> {
  const records = topic(name, { value: serde.string() });
  const reader = admin.reader(records, { from: "end", follow: true });
  let seen = 0;
  try {
    await inTime("tail", async () => {
      for await (const { value } of reader) {
        if (value?.startsWith("written at the end")) seen += 1;
        if (seen === NEW_LINES.length) return;
      }
    });
  } finally {
    await reader.close();
  }
  return seen;
}

async function timestampInTheMiddle({ admin, topic: name }: ChecksContext): Promise<number> {
  const [first, last] = await Promise.all(
    ([{ timestamp: 0 }, "maxTimestamp"] as const).map((at) => admin.admin.listOffsets(name, at)),
  );
  const begin = first?.get(0)?.timestamp ?? 0;
  return Math.floor((begin + (last?.get(0)?.timestamp ?? begin)) / 2);
}

async function committedFault(
  { admin, group }: ChecksContext,
  expected: Expected,
): Promise<string | undefined> {
  const offsets = await admin.admin.groups.offsets(group);
  const wrong = offsets.find(({ offset, partition }) => offset !== expected(partition));
  if (wrong === undefined) return undefined;
  return `${wrong.offset} is committed of ${wrong.partition}, not ${expected(wrong.partition)}`;
}

/** A member that comes back begins there, in every partition. */
async function firstFault(context: ChecksContext, expected: Expected): Promise<string | undefined> {
  const { client, consumer } = consumerOf(context, context.group);
  const first = consumer[Symbol.asyncIterator]().next();
  first.catch(() => {});
  try {
    await inTime("read after a reset", () => allBegun(consumer, context.partitions));
    const wrong = consumer.assignment().find((held) => held.handled !== expected(held.partition));
    return wrong && `it begins ${wrong.partition} at ${wrong.handled}`;
  } finally {
    await client.close();
  }
}

async function allBegun(consumer: TextConsumer, partitions: number): Promise<void> {
  for (;;) {
    const begun = consumer.assignment().filter(({ handled }) => handled !== undefined);
    if (begun.length === partitions) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function zoolog({ build, cluster }: ChecksContext, args: readonly string[]): Promise<void> {
  const bootstrap = cluster.brokers.map(({ url }) => url).join(",");
  const program = join(build, "packages/cli/bin/zoolog.js");
  await promisify(execFile)(process.execPath, [program, "--bootstrap", bootstrap, ...args], {
    timeout: CHECK_MS_MAX,
  });
}

async function inTime<T>(what: string, task: () => Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} took too long`)), CHECK_MS_MAX);
  });
  try {
    return await Promise.race([task(), late]);
  } finally {
    clearTimeout(timer);
  }
}
