import { readFile } from "node:fs/promises";
import { ZoologError } from "@zoolog/base";
import {
  Broker,
  hostDependencies,
  parseBrokerConfig,
  parseConfigFile,
  type SettingSource,
  settingsFromEnvironment,
} from "@zoolog/broker";
import { createLogger, type LogLevel, letHeapGrow } from "@zoolog/host";
import type { CommandContext } from "../../context.ts";
import { startedUnlessEnded, untilAborted } from "../../until-aborted.ts";
import { usageError } from "../../usage-error.ts";

export type BrokerOptions = {
  readonly config?: string;
  readonly brokerId?: number;
  readonly data?: string;
  readonly zookeeper?: string;
  readonly httpHost?: string;
  readonly httpPort?: number;
  readonly kafkaPort?: number;
  readonly set?: readonly string[];
  readonly logLevel: LogLevel;
};

/** Environment variables that start with the same letters and are no broker settings. */
const NO_SETTINGS = ["ZOOLOG_BOOTSTRAP"];

/** `zoolog broker`: one broker, until Ctrl-C or SIGTERM. Flags win over environment over file. */
export async function broker(context: CommandContext, options: BrokerOptions): Promise<void> {
  const { terminal } = context;
  const config = parseBrokerConfig([
    ...(options.config === undefined ? [] : [await configFile(options.config)]),
    settingsFromEnvironment(terminal.env, { ignored: NO_SETTINGS }),
    { from: "command line", settings: flagsOf(options) },
    settingsOf("--set", options.set ?? []),
  ]);
  letHeapGrow();
  const logger = createLogger({ level: options.logLevel });
  const running = await startedUnlessEnded(context, `broker ${config.brokerId}`, () =>
    Broker.start(config, hostDependencies({ logger }), terminal.signal),
  );
  if (running === undefined) return;
  try {
    const { host, port } = running.address;
    const url = `http://${host}:${port}`;
    const { kafkaAddress } = running;
    const kafka = kafkaAddress && `${kafkaAddress.host}:${kafkaAddress.port}`;
    await context.output.forPrograms({ brokerId: running.brokerId, url, kafka });
    const forKafka = kafka === undefined ? "" : `, for Kafka clients at ${kafka}`;
    terminal.talk(`broker ${running.brokerId} listens at ${url}${forKafka}; Ctrl-C ends it`);
    const failure = await Promise.race([untilAborted(terminal.signal), running.failed]);
    if (failure !== undefined) throw failure;
    terminal.talk("shutting down");
  } finally {
    await running.close();
  }
}

async function configFile(path: string): Promise<SettingSource> {
  try {
    return await parseConfigFile(await readFile(path, "utf8"), path);
  } catch (error) {
    if (error instanceof ZoologError) throw error;
    throw new ZoologError({
      code: (error as { code?: string }).code ?? "EIO",
      message: `cannot read the configuration file ${path}`,
      hint: "Name a YAML file that exists; docs/configuration.md lists the settings.",
      cause: error,
    });
  }
}

function flagsOf(options: BrokerOptions): Record<string, unknown> {
  const flags = {
    "broker.id": options.brokerId,
    "data.dir": options.data,
    "zookeeper.connect": options.zookeeper,
    "http.host": options.httpHost,
    "http.port": options.httpPort,
    "kafka.port": options.kafkaPort,
  };
  return Object.fromEntries(Object.entries(flags).filter(([, value]) => value !== undefined));
}

/** `name=value` texts as a source of settings. @throws ZoologError `USAGE` */
export function settingsOf(flag: string, texts: readonly string[]): SettingSource {
  const settings: Record<string, unknown> = {};
  for (const text of texts) {
    const at = text.indexOf("=");
    if (at <= 0) throw usageError(`${flag} takes name=value, not "${text}"`);
    settings[text.slice(0, at)] = text.slice(at + 1);
  }
  return { from: flag, settings };
}
