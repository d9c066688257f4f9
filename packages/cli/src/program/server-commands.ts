import { type Command, Option } from "commander";
import type { BrokerOptions } from "../commands/server/broker.ts";
import { oneOf, several, wholeNumber } from "../usage-error.ts";
import { addBrokerCommands } from "./cluster-commands.ts";
import type { RunCommand } from "./run-command.ts";

const LOG_LEVELS = ["debug", "info", "warn", "error", "silent"] as const;
const DEFAULT_DATA_FOLDER = "./zoolog-data";
const PORT_MAX = 65_535;
const port = (name: string) => wholeNumber(name, 0, PORT_MAX);
const text = (value: string): string => value;

type LogLevel = (typeof LOG_LEVELS)[number];

function logLevelOption(byDefault: LogLevel): Option {
  return new Option(
    "--log-level <level>",
    `log to stderr from this level on: ${LOG_LEVELS.join(", ")}`,
  )
    .argParser(oneOf("--log-level", LOG_LEVELS))
    .default(byDefault);
}

function setOption(): Option {
  return new Option(
    "--set <name=value>",
    "a broker setting, see docs/configuration.md; repeatable",
  ).argParser(several(text));
}

/** Commands that run until Ctrl-C. */
export function addServerCommands(program: Command, run: RunCommand): void {
  addDev(program, run);
  addBroker(program, run);
  addZooKeeper(program, run);
}

type DevFlags = {
  readonly brokers: number;
  readonly httpPort: number;
  readonly kafkaPort: number;
  readonly zookeeperPort: number;
  readonly data?: string;
  readonly ephemeral: boolean;
  readonly set?: readonly string[];
  readonly logLevel: LogLevel;
};

function addDev(program: Command, run: RunCommand): void {
  program
    .command("dev")
    .description("the whole thing in one process: a ZooKeeper and a broker, for development")
    .option(
      "--brokers <n>",
      "how many brokers; with 3, topics have 3 replicas",
      wholeNumber("--brokers", 1, 9),
      1,
    )
    .option("--http-port <port>", "of the first broker; 0: any free one", port("--http-port"), 8092)
    .option("--kafka-port <port>", "the same for Kafka clients", port("--kafka-port"), 9092)
    .option(
      "--zookeeper-port <port>",
      "of the embedded ZooKeeper; 0: any free one",
      port("--zookeeper-port"),
      2181,
    )
    .addOption(
      new Option(
        "--data <folder>",
        `where everything is kept (default: ${DEFAULT_DATA_FOLDER})`,
      ).conflicts("ephemeral"),
    )
    .option("--ephemeral", "keep nothing: a temporary folder that is removed at the end", false)
    .addOption(setOption())
    .addOption(logLevelOption("warn"))
    .addHelpText("after", DEV_HELP)
    .action((flags: DevFlags, command: Command) =>
      run(command, async (context) => {
        const { dev } = await import("../commands/server/dev.ts");
        const dataFolder = flags.ephemeral ? undefined : (flags.data ?? DEFAULT_DATA_FOLDER);
        await dev(context, { ...flags, dataFolder });
      }),
    );
}

const DEV_HELP = `
Examples:
  zoolog dev                                          data in ${DEFAULT_DATA_FOLDER}, kept
  zoolog dev --ephemeral --set log.flush=fsync        nothing is kept; a broker setting
  zoolog dev --brokers 3 --ephemeral                  topics have 3 replicas
  zoolog dev --http-port 0 --kafka-port 0 --zookeeper-port 0 -o json
                                                      free ports, printed for programs`;

function addBroker(program: Command, run: RunCommand): void {
  const broker = program.command("broker");
  addBrokerCommands(broker, run);
  broker
    .description(
      "run one broker; flags win over environment (ZOOLOG_HTTP_PORT), that over the file. Or list and describe those that run",
    )
    .option("--config <file>", "YAML file of settings")
    .option("--broker-id <n>", "broker.id", wholeNumber("--broker-id", 0, 2 ** 31 - 1))
    .option("--data <folder>", "data.dir")
    .option("--zookeeper <hosts>", "zookeeper.connect: host:port,host:port/chroot")
    .option("--http-host <host>", "http.host")
    .option("--http-port <port>", "http.port", port("--http-port"))
    .option("--kafka-port <port>", "kafka.port", port("--kafka-port"))
    .addOption(setOption())
    .addOption(logLevelOption("info"))
    .action((flags: BrokerOptions, command: Command) =>
      run(command, async (context) => {
        const { broker } = await import("../commands/server/broker.ts");
        await broker(context, flags);
      }),
    );
}

type ZooKeeperFlags = {
  readonly host: string;
  readonly port: number;
  readonly data?: string;
  readonly ephemeral: boolean;
  readonly logLevel: LogLevel;
};

function addZooKeeper(program: Command, run: RunCommand): void {
  const folder = `${DEFAULT_DATA_FOLDER}/zookeeper`;
  program
    .command("zookeeper")
    .description("the embedded ZooKeeper alone; an ensemble is Apache ZooKeeper's business")
    .option("--host <host>", "address to listen on", "127.0.0.1")
    .option("--port <port>", "0: any free one", port("--port"), 2181)
    .addOption(
      new Option("--data <folder>", `where it is kept (default: ${folder})`).conflicts("ephemeral"),
    )
    .option("--ephemeral", "keep everything in memory only", false)
    .addOption(logLevelOption("info"))
    .action((flags: ZooKeeperFlags, command: Command) =>
      run(command, async (context) => {
        const { zookeeper } = await import("../commands/server/zookeeper.ts");
        const dataFolder = flags.ephemeral ? undefined : (flags.data ?? folder);
        await zookeeper(context, { ...flags, dataFolder });
      }),
    );
}
