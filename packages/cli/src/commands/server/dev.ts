import { errorCode, ZoologError } from "@zoolog/base";
import {
  type DevCluster,
  hostDependencies,
  type SettingSource,
  startDevCluster,
} from "@zoolog/broker";
import { createLogger, type LogLevel, letHeapGrow, systemClock } from "@zoolog/host";
import type { CommandContext } from "../../context.ts";
import { humanDuration, plural } from "../../output/quantity.ts";
import { listLines } from "../../output/table.ts";
import { startedUnlessEnded, untilAborted } from "../../until-aborted.ts";
import { usageError } from "../../usage-error.ts";
import { settingsOf } from "./broker.ts";

export type DevOptions = {
  readonly brokers: number;
  readonly httpPort: number;
  readonly kafkaPort: number;
  readonly zookeeperPort: number;
  /** `undefined`: in memory and a temporary folder, gone at the end. */
  readonly dataFolder: string | undefined;
  readonly set?: readonly string[];
  readonly logLevel: LogLevel;
};

/** `zoolog dev`: the whole thing in one process, until Ctrl-C. */
export async function dev(context: CommandContext, options: DevOptions): Promise<void> {
  const { terminal } = context;
  const startedAt = systemClock.monotonic();
  const { brokers, dataFolder, httpPort, kafkaPort, zookeeperPort } = options;
  requirePortsApart(options);
  letHeapGrow();
  const logger = createLogger({ level: options.logLevel });
  const settings = [settingsOf("--set", options.set ?? [])];
  requireOthersThanItGives(settings);
  const { signal } = terminal;
  const kept = dataFolder === undefined ? {} : { dataFolder };
  const cluster = await startedUnlessEnded(context, "the development cluster", () =>
    startDevCluster(
      { brokers, httpPort, kafkaPort, zookeeperPort, ...kept, settings, signal },
      hostDependencies({ logger }),
    ).catch((error: unknown) => {
      throw portTaken(error, options);
    }),
  );
  if (cluster === undefined) return;
  try {
    const { urls, kafka, zookeeper, dataFolder: folder } = cluster;
    await context.output.forPrograms({ brokers: urls, kafka, zookeeper, dataFolder: folder });
    for (const line of absence(context, cluster)) terminal.talk(line);
    const elapsed = humanDuration(systemClock.monotonic() - startedAt);
    for (const line of welcome(context, cluster, options, elapsed)) terminal.talk(line);
    await untilAborted(terminal.signal);
    terminal.talk("shutting down");
  } finally {
    await cluster.close();
  }
}

/** Brokers of an earlier start, without which partitions may have no leader. */
function absence({ colours }: CommandContext, { absentBrokers, dataFolder }: DevCluster): string[] {
  const last = absentBrokers.at(-1);
  if (last === undefined) return [];
  const one = absentBrokers.length === 1;
  const who = `${one ? "broker" : "brokers"} ${absentBrokers.join(", ")}`;
  return [
    colours.yellow(`${who} of ${dataFolder} ${one ? "is" : "are"} not started:`),
    `  partitions that ${one ? "it has" : "they have"} alone are offline, others may have too few replicas in sync.`,
    `  Start all of them by --brokers ${last}; zoolog doctor says what is missing.`,
    "",
  ];
}

function welcome(
  { colours }: CommandContext,
  cluster: DevCluster,
  options: DevOptions,
  elapsed: string,
): string[] {
  const [first = ""] = cluster.urls;
  const data = options.dataFolder ?? "temporary, gone at the end";
  const elsewhere = options.httpPort === 8092 ? "" : ` --bootstrap ${first}`;
  const count = plural(cluster.urls.length, "broker");
  return [
    colours.green(`zoolog is ready: ${count} and a ZooKeeper, started in ${elapsed}`),
    "",
    ...listLines([
      ["  brokers", cluster.urls.join(" ")],
      ["  HTTP API", `${first}/docs`],
      ...(cluster.kafka.length === 0
        ? []
        : [["  Kafka clients", cluster.kafka.join(",")] as const]),
      ["  ZooKeeper", cluster.zookeeper],
      ["  data", data],
    ]),
    "",
    "In another shell:",
    `  npx zoolog topic create orders --partitions 3${elsewhere}`,
    `  echo hello | npx zoolog produce orders${elsewhere}`,
    `  npx zoolog consume orders --from-beginning${elsewhere}`,
    "",
    "Ctrl-C ends it.",
  ];
}

/** What each of its brokers is given for itself, and what to write instead. */
const GIVEN: Readonly<Record<string, string>> = {
  "http.port": "Use --http-port: the first broker gets it, each other one the next.",
  "kafka.port": "Use --kafka-port: the first broker gets it, each other one the next.",
  "data.dir": "Use --data: each broker has a folder in it.",
  "broker.id": "They are 1, 2, …; `zoolog broker --broker-id` runs one by another.",
  "zookeeper.connect":
    "It has its own: --zookeeper-port; `zoolog broker --zookeeper` uses another.",
};

/** One value for all brokers would end in ports or folders that are taken. @throws ZoologError `USAGE` */
function requireOthersThanItGives(sources: readonly SettingSource[]): void {
  for (const name of sources.flatMap(({ settings }) => Object.keys(settings))) {
    if (!Object.hasOwn(GIVEN, name)) continue;
    throw usageError(
      `--set: zoolog dev gives each of its brokers a ${name} of its own`,
      GIVEN[name],
    );
  }
}

/** The machine would say that another program has them. @throws ZoologError `USAGE` */
function requirePortsApart(options: DevOptions): void {
  const { brokers, httpPort, kafkaPort, set = [], zookeeperPort } = options;
  const isKafkaOff = set.includes("kafka.enabled=false");
  const wanted = [
    { flag: "--http-port", first: httpPort, count: brokers },
    { flag: "--kafka-port", first: isKafkaOff ? 0 : kafkaPort, count: brokers },
    { flag: "--zookeeper-port", first: zookeeperPort, count: 1 },
  ].filter(({ first }) => first !== 0);
  for (const [at, one] of wanted.entries()) {
    for (const other of wanted.slice(at + 1)) {
      const overlap = one.first < other.first + other.count && other.first < one.first + one.count;
      if (!overlap) continue;
      throw usageError(
        `${one.flag} ${one.first} and ${other.flag} ${other.first} overlap`,
        `Each broker takes the next port of its kind: keep them ${plural(brokers, "port")} apart.`,
      );
    }
  }
}

/** Says which of the ports it was. */
function portTaken(error: unknown, options: DevOptions): unknown {
  if (errorCode(error) !== "EADDRINUSE" && errorCode(error) !== "ADDRESS_IN_USE") return error;
  // Of a broker it comes wrapped; Node's own error names the port.
  const { port: taken } = (error instanceof ZoologError ? error.cause : error) as { port?: number };
  const [port, what, flag] = portOf(taken ?? options.httpPort, options);
  return new ZoologError({
    code: "ADDRESS_IN_USE",
    message: `port ${port} for ${what} is taken by another program`,
    hint: `Is zoolog running already, or Kafka? Beside it, choose another port and folder: ${flag} ${anotherPort(port)} --data DIR.`,
    cause: error,
  });
}

/** Each broker has one of each kind, from the first one on. */
function portOf(taken: number, { brokers, httpPort, kafkaPort, zookeeperPort }: DevOptions) {
  if (taken === zookeeperPort) return [zookeeperPort, "ZooKeeper", "--zookeeper-port"] as const;
  return taken >= kafkaPort && taken < kafkaPort + brokers
    ? ([kafkaPort, "Kafka clients", "--kafka-port"] as const)
    : ([httpPort, "the HTTP API", "--http-port"] as const);
}

const PORT_MAX = 65_535;

function anotherPort(port: number): number {
  return port + 1000 <= PORT_MAX ? port + 1000 : port - 1000;
}
