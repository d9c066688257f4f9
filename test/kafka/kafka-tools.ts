import { spawn } from "node:child_process";
import { javaCommandLine } from "./java-process.ts";
import type { KafkaRelease } from "./kafka-release.ts";

/** Kafka's own command-line tools: what `bin/kafka-*.sh` runs. */
const KAFKA_TOOLS = {
  "broker-api-versions": "org.apache.kafka.tools.BrokerApiVersionsCommand",
  "console-consumer": "org.apache.kafka.tools.consumer.ConsoleConsumer",
  "console-producer": "org.apache.kafka.tools.ConsoleProducer",
  configs: "kafka.admin.ConfigCommand",
  "consumer-groups": "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand",
  "consumer-perf-test": "org.apache.kafka.tools.ConsumerPerformance",
  "delete-records": "org.apache.kafka.tools.DeleteRecordsCommand",
  "dump-log": "org.apache.kafka.tools.DumpLogSegments",
  "get-offsets": "org.apache.kafka.tools.GetOffsetShell",
  "leader-election": "org.apache.kafka.tools.LeaderElectionCommand",
  "log-dirs": "org.apache.kafka.tools.LogDirsCommand",
  "producer-perf-test": "org.apache.kafka.tools.ProducerPerformance",
  storage: "kafka.tools.StorageTool",
  topics: "org.apache.kafka.tools.TopicCommand",
} as const;

/** Where 3.9 still has them. */
const TOOLS_OF_3_9: Partial<Record<KafkaTool, string>> = {
  "broker-api-versions": "kafka.admin.BrokerApiVersionsCommand",
  "console-producer": "kafka.tools.ConsoleProducer",
  "dump-log": "kafka.tools.DumpLogSegments",
};

export type KafkaTool = keyof typeof KAFKA_TOOLS;

export type KafkaToolRun = {
  readonly stdout: string;
  readonly stderr: string;
  /** `undefined` where it was ended after `timeoutMs`. */
  readonly exitCode: number | undefined;
};

export type KafkaToolOptions = {
  readonly stdin?: string;
  /** Default five minutes. */
  readonly timeoutMs?: number;
  readonly jvm?: readonly string[];
};

const TIMEOUT_MS = 300_000;
/** The heap of Kafka's scripts for tools. */
const TOOL_JVM = ["-Xmx512m"];

/** Runs one of the release's tools, or another main class or `.java` file, to its end. */
export function runKafkaTool(
  release: KafkaRelease,
  tool: KafkaTool | { readonly main: string },
  args: readonly string[],
  { stdin = "", timeoutMs = TIMEOUT_MS, jvm = TOOL_JVM }: KafkaToolOptions = {},
): Promise<KafkaToolRun> {
  const main = typeof tool === "string" ? mainClassOf(release, tool) : tool.main;
  const command = { classpath: release.classpath, main, args, jvm };
  const [program = "java", ...words] = javaCommandLine(command);
  const child = spawn(program, words, { timeout: timeoutMs, killSignal: "SIGKILL" });
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => stdout.push(chunk));
  child.stderr.on("data", (chunk: Buffer) => stderr.push(chunk));
  // A tool that ends before it has read everything is judged by its exit code.
  child.stdin.on("error", () => undefined);
  child.stdin.end(stdin);
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) =>
      resolve({
        stdout: Buffer.concat(stdout).toString(),
        stderr: Buffer.concat(stderr).toString(),
        exitCode: code ?? undefined,
      }),
    );
  });
}

function mainClassOf({ line }: KafkaRelease, tool: KafkaTool): string {
  return (line === "3.9" ? TOOLS_OF_3_9[tool] : undefined) ?? KAFKA_TOOLS[tool];
}
