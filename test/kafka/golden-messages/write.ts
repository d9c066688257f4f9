/**
 * `npm run golden-messages`: writes packages/protocol/testdata/java-kafka-messages.txt.gz by the message
 * classes of Kafka's own Java library. After a new call, or a new version of one.
 */
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { gzipSync } from "node:zlib";
import { KAFKA_MESSAGES } from "@zoolog/protocol/kafka";
import { understood } from "../../command-line.ts";
import { javaCommandLine } from "../java-process.ts";
import { resolveMavenClasspath } from "../maven-classpath.ts";

const FILE = "packages/protocol/testdata/java-kafka-messages.txt.gz";
const PROGRAM = "test/kafka/golden-messages/GoldenMessages.java";

/** The last release with the versions that Kafka 4 has dropped. */
const LIBRARY = "3.9.2";
/** Calls of which it lacks a version. */
const NEWER_CALLS: readonly string[] = ["ConsumerGroupHeartbeat"];
const NEWER_LIBRARY = "4.1.0";

const OUTPUT_BYTES_MAX = 64 * 1024 * 1024;

const USAGE = `npm run golden-messages

Writes ${FILE} anew, by the message
classes of Kafka's own Java library ${LIBRARY} (${NEWER_CALLS.join(", ")}: ${NEWER_LIBRARY}), which it
fetches from a Maven repository. Needs Java. It takes no options but --help.`;

const asked = understood("golden-messages", () =>
  parseArgs({ options: { help: { type: "boolean", short: "h", default: false } } }),
);
if (asked.values.help) {
  process.stdout.write(`${USAGE}\n`);
  process.exit(0);
}

const [newer, others] = [true, false].map((isNewer) =>
  Object.values(KAFKA_MESSAGES).filter(({ name }) => NEWER_CALLS.includes(name) === isNewer),
);
const lines = [
  ...(await writtenByJava(LIBRARY, others ?? [])),
  ...(await writtenByJava(NEWER_LIBRARY, newer ?? [])),
].sort((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10));
writeFileSync(FILE, gzipSync(`${lines.join("\n")}\n`, { level: 9 }));
process.stdout.write(`${lines.length} messages in ${FILE}\n`);

type Call = { readonly key: number; readonly versions: readonly [number, number] };

async function writtenByJava(version: string, calls: readonly Call[]): Promise<string[]> {
  const resolved = await resolveMavenClasspath([
    `org.apache.kafka:kafka-clients:${version}`,
    "org.slf4j:slf4j-nop:1.7.36",
  ]);
  if (resolved.kind === "unavailable") throw new Error(resolved.reason);
  const { classpath } = resolved;
  const [program = "java", ...words] = javaCommandLine({ classpath, main: PROGRAM, args: [] });
  const input = calls.map(({ key, versions }) => `${key} ${versions.join(" ")}\n`).join("");
  const run = spawnSync(program, words, { input, maxBuffer: OUTPUT_BYTES_MAX });
  if (run.status !== 0) throw new Error(`${PROGRAM}: ${run.stderr}`);
  return run.stdout.toString().trimEnd().split("\n");
}
