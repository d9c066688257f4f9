import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { KafkaRelease } from "../../kafka/kafka-release.ts";
import { type KafkaTool, runKafkaTool } from "../../kafka/kafka-tools.ts";
import { expectEqual, until } from "../check.ts";
import type { CompatCluster } from "../cluster.ts";

/** One of Kafka's own tools at its work. */
export type ToolCheck = {
  readonly name: string;
  readonly run: (context: ToolContext) => Promise<void>;
};

export type ToolContext = {
  readonly release: KafkaRelease;
  readonly cluster: CompatCluster;
  readonly name: (what: string) => string;
};

const TOOL_MS_MAX = 60_000;
const LINES = ["a:1", "b:2", "c:3", "d:4", "e:5"];

export const TOOL_CHECKS: readonly ToolCheck[] = [
  { name: "kafka-topics", run: topics },
  { name: "kafka-console-producer, -consumer", run: consoles },
  { name: "kafka-consumer-groups, with reset", run: consumerGroups },
  { name: "kafka-configs", run: configs },
  { name: "kafka-get-offsets, -delete-records", run: offsetsAndRecords },
  { name: "kafka-leader-election", run: leaderElection },
  { name: "kafka-log-dirs", run: logDirs },
  { name: "kafka-dump-log", run: dumpLog },
  { name: "kafka-broker-api-versions", run: apiVersions },
  { name: "kafka-producer-, -consumer-perf-test", run: perfTests },
];

/** What it printed; its complaint where it did not do its work. */
async function tool(
  { release, cluster }: ToolContext,
  which: KafkaTool,
  args: readonly string[],
  { stdin = "", option = "--bootstrap-server" } = {},
): Promise<string> {
  const all = option === "" ? args : [option, cluster.bootstrap, ...args];
  const ran = await runKafkaTool(release, which, all, { stdin, timeoutMs: TOOL_MS_MAX });
  const said = `${ran.stdout}\n${ran.stderr}`;
  if (ran.exitCode !== 0 || /^(Error|Exception)/m.test(ran.stdout)) {
    throw new Error(`${which} ${args.join(" ")} ended with ${ran.exitCode}: ${said.slice(-700)}`);
  }
  return said;
}

function expectSaid(what: string, said: string, pattern: RegExp): void {
  if (!pattern.test(said)) throw new Error(`${what}: no ${pattern} in ${said.slice(-500)}`);
}

async function topics(context: ToolContext): Promise<void> {
  const topic = context.name("tool-topics");
  const one = ["--topic", topic];
  const counts = ["--partitions", "3", "--replication-factor", "3"];
  const more = ["--config", "retention.ms=7200000"];
  await tool(context, "topics", ["--create", ...one, ...counts, ...more]);
  const described = await tool(context, "topics", ["--describe", ...one]);
  expectSaid("describe", described, /PartitionCount: 3\s+ReplicationFactor: 3/);
  expectSaid("describe", described, /retention\.ms=7200000/);
  await tool(context, "topics", ["--alter", ...one, "--partitions", "5"]);
  const altered = await tool(context, "topics", ["--describe", ...one]);
  expectSaid("alter", altered, /PartitionCount: 5/);
  expectSaid("list", await tool(context, "topics", ["--list"]), new RegExp(`^${topic}$`, "m"));
  await tool(context, "topics", ["--delete", ...one]);
  await until(
    "the topic is gone",
    () => tool(context, "topics", ["--list"]),
    (said) => !said.includes(topic),
  );
}

async function produceLines(context: ToolContext, topic: string): Promise<void> {
  const keys = ["--property", "parse.key=true", "--property", "key.separator=:"];
  const args = ["--topic", topic, "--compression-codec", "zstd", ...keys];
  await tool(context, "console-producer", args, { stdin: `${LINES.join("\n")}\n` });
}

async function consoles(context: ToolContext): Promise<void> {
  const topic = context.name("tool-console");
  await context.cluster.createTopic(topic, 1);
  await produceLines(context, topic);
  const keys = ["--property", "print.key=true", "--property", "key.separator=:"];
  const args = ["--topic", topic, "--from-beginning", "--max-messages", `${LINES.length}`, ...keys];
  const said = await tool(context, "console-consumer", args);
  expectEqual(
    "lines",
    said.split("\n").filter((line) => LINES.includes(line)),
    LINES,
  );
}

async function consumerGroups(context: ToolContext): Promise<void> {
  const [topic, group] = [context.name("tool-groups"), context.name("tool-group")];
  await context.cluster.createTopic(topic, 1);
  await produceLines(context, topic);
  const args = ["--topic", topic, "--from-beginning", "--max-messages", `${LINES.length}`];
  await tool(context, "console-consumer", [...args, "--group", group]);
  const listed = await tool(context, "consumer-groups", ["--list"]);
  expectSaid("list", listed, new RegExp(`^${group}$`, "m"));
  // Its own patience, five seconds, is short for a machine with other load.
  const one = ["--timeout", "40000", "--group", group];
  const described = await tool(context, "consumer-groups", ["--describe", ...one]);
  expectSaid("describe", described, new RegExp(`${topic}\\s+0\\s+5\\s+5\\s+0`));
  const state = await tool(context, "consumer-groups", ["--describe", "--state", ...one]);
  expectSaid("state", state, /Empty/);
  const reset = ["--reset-offsets", ...one, "--topic", topic, "--to-earliest", "--execute"];
  await tool(context, "consumer-groups", reset);
  const after = await tool(context, "consumer-groups", ["--describe", ...one]);
  expectSaid("reset", after, new RegExp(`${topic}\\s+0\\s+0\\s+5\\s+5`));
  await tool(context, "consumer-groups", ["--delete-offsets", ...one, "--topic", topic]);
  await tool(context, "consumer-groups", ["--delete", ...one]);
}

async function configs(context: ToolContext): Promise<void> {
  const topic = context.name("tool-configs");
  await context.cluster.createTopic(topic, 1);
  const one = ["--entity-type", "topics", "--entity-name", topic];
  const set = ["--alter", "--add-config", "retention.ms=7200000,segment.bytes=1048576"];
  await tool(context, "configs", [...one, ...set]);
  const described = await tool(context, "configs", [...one, "--describe"]);
  expectSaid("describe", described, /retention\.ms=7200000/);
  await tool(context, "configs", [...one, "--alter", "--delete-config", "segment.bytes"]);
  const after = await tool(context, "configs", [...one, "--describe"]);
  if (after.includes("segment.bytes=1048576")) throw new Error(`still there: ${after}`);
  const brokers = ["--entity-type", "brokers", "--entity-name", "1", "--describe", "--all"];
  expectSaid("brokers", await tool(context, "configs", brokers), /log\.retention/);
}

async function offsetsAndRecords(context: ToolContext): Promise<void> {
  const topic = context.name("tool-offsets");
  await context.cluster.createTopic(topic, 1);
  await produceLines(context, topic);
  const latest = await tool(context, "get-offsets", ["--topic", topic]);
  expectSaid("latest", latest, new RegExp(`^${topic}:0:5$`, "m"));
  const folder = await mkdtemp(join(tmpdir(), "zoolog-compat-"));
  try {
    const file = join(folder, "before.json");
    const partitions = [{ topic, partition: 0, offset: 2 }];
    await writeFile(file, JSON.stringify({ partitions, version: 1 }));
    const deleted = await tool(context, "delete-records", ["--offset-json-file", file]);
    expectSaid("delete-records", deleted, /low_watermark: 2/);
  } finally {
    await rm(folder, { recursive: true });
  }
  const earliest = await tool(context, "get-offsets", ["--topic", topic, "--time", "earliest"]);
  expectSaid("earliest", earliest, new RegExp(`^${topic}:0:2$`, "m"));
}

async function leaderElection(context: ToolContext): Promise<void> {
  const topic = context.name("tool-election");
  await context.cluster.createTopic(topic, 1);
  const args = ["--election-type", "preferred", "--topic", topic, "--partition", "0"];
  const said = await tool(context, "leader-election", args);
  const done = /(Successfully completed leader election|Valid replica already elected).*/;
  expectSaid("election", said, new RegExp(`${done.source}${topic}-0`));
}

async function logDirs(context: ToolContext): Promise<void> {
  const topic = context.name("tool-log-dirs");
  await context.cluster.createTopic(topic, 1);
  await produceLines(context, topic);
  const said = await tool(context, "log-dirs", ["--describe", "--topic-list", topic]);
  expectSaid("log-dirs", said, new RegExp(`"partition":"${topic}-0","size":[1-9]`));
}

async function dumpLog(context: ToolContext): Promise<void> {
  const topic = context.name("tool-dump");
  await context.cluster.createTopic(topic, 1);
  await produceLines(context, topic);
  const folder = await context.cluster.logFolder(topic);
  if (folder === undefined) throw new Error("no disk to look at");
  const names = (await readdir(folder)).filter((file) => /\.(log|index|timeindex)$/.test(file));
  for (const file of names) {
    const args = ["--deep-iteration", "--print-data-log", "--files", join(folder, file)];
    const said = await tool(context, "dump-log", args, { option: "" });
    if (file.endsWith(".log")) {
      expectSaid(file, said, /compresscodec: zstd/i);
      expectSaid(file, said, /key: e payload: 5/);
      if (/isvalid: false/i.test(said)) throw new Error(`a batch is not valid: ${said}`);
    }
    if (/mismatch|non-?monotonic|inconsistent/i.test(said)) throw new Error(`${file}: ${said}`);
  }
}

async function apiVersions(context: ToolContext): Promise<void> {
  expectSaid("versions", await tool(context, "broker-api-versions", []), /Produce\(0\): 0 to/);
}

async function perfTests(context: ToolContext): Promise<void> {
  const topic = context.name("tool-perf");
  await context.cluster.createTopic(topic, 3);
  const load = ["--num-records", "20000", "--record-size", "100", "--throughput", "-1"];
  const at = ["--producer-props", `bootstrap.servers=${context.cluster.bootstrap}`, "acks=all"];
  const args = ["--topic", topic, ...load, ...at];
  const said = await tool(context, "producer-perf-test", args, { option: "" });
  expectSaid("producer", said, /^20000 records sent/m);
  const read = ["--topic", topic, "--messages", "20000", "--timeout", "30000"];
  const consumed = await tool(context, "consumer-perf-test", read);
  expectSaid("consumer", consumed, /, 20000, /);
}
