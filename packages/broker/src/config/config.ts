import { ZoologError } from "@zoolog/base";
import { parseConnectString } from "@zoolog/zookeeper";
import { KAFKA_LISTENER } from "../broker-address.ts";
import { brokerSettings, settingsKnownElsewhere } from "./broker-settings.ts";
import { isWildcard, type KafkaListenerConfig, kafkaListeners } from "./kafka-listeners.ts";
import { readSettings, type SettingSource } from "./read-settings.ts";
import { type DynamicScope, type Setting, type SettingValues, settingName } from "./setting.ts";

/** The one validated configuration of a broker; parts of it are passed down, never all of it. */
export type BrokerConfig = SettingValues<typeof brokerSettings>;

/**
 * Merges the sources (a later one wins: file, then environment, then flags), checks every setting
 * and fills in the defaults.
 *
 * @throws ZoologError `INVALID_CONFIG` naming everything that is wrong, unknown settings included.
 */
export function parseBrokerConfig(sources: readonly SettingSource[]): BrokerConfig {
  const read = readSettings(brokerSettings, sources, settingsKnownElsewhere);
  if ("faults" in read) throw invalidConfig(read.faults);
  const faults = [...connectStringFaults(read.values), ...addressFaults(read.values)];
  if (faults.length > 0) throw invalidConfig(faults);
  return read.values;
}

/**
 * The settings of a YAML (or JSON) file: dotted names, or nested maps that mean the same
 * (`http: { port: 8092 }` is `http.port: 8092`).
 *
 * @throws ZoologError `INVALID_CONFIG` when the text is not a YAML map, or a setting stands in it in
 *   both forms.
 */
export async function parseConfigFile(contents: string, from: string): Promise<SettingSource> {
  // Loaded where there is a file: a development cluster has none and starts sooner.
  const { parse: parseYaml } = await import("yaml");
  let root: unknown;
  try {
    root = parseYaml(contents, { maxAliasCount: 0 });
  } catch (error) {
    throw invalidConfig([`${from}: ${error instanceof Error ? error.message.trim() : error}`]);
  }
  if (root === null || root === undefined) return { from, settings: {} };
  if (!isMap(root)) throw invalidConfig([`${from}: ${noMap(root)}`]);
  const settings: Record<string, unknown> = {};
  const twice = flatten(root, "", settings);
  if (twice.length > 0) {
    throw invalidConfig(twice.map((name) => `${from}: "${name}" stands there twice, in two forms`));
  }
  return { from, settings };
}

/** Kafka's `server.properties` is one long text to YAML. */
function noMap(root: unknown): string {
  const property = typeof root === "string" && /^([\w.-]+)\s*=\s*(\S*)/.exec(root);
  if (!property) return "a map of settings is expected";
  const [, name, value] = property;
  return `this is a properties file, and YAML is expected: "${name}: ${value}", not "${name}=${value}"`;
}

const ENVIRONMENT_PREFIX = "ZOOLOG_";

/** `ZOOLOG_HTTP_PORT` is `http.port`. Names with another meaning to other parts are passed in. */
export function settingsFromEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
  options: { readonly ignored?: readonly string[] } = {},
): SettingSource {
  const settings: Record<string, unknown> = {};
  for (const [variable, value] of Object.entries(environment)) {
    if (!variable.startsWith(ENVIRONMENT_PREFIX) || value === undefined) continue;
    if (options.ignored?.includes(variable) === true) continue;
    const name = variable.slice(ENVIRONMENT_PREFIX.length).toLowerCase().replaceAll("_", ".");
    settings[name] = value;
  }
  return { from: "environment", settings };
}

/** One row of the documentation for each setting. */
export type SettingDescription = {
  readonly name: string;
  readonly takes: string;
  readonly byDefault: string;
  readonly about: string;
  /** How it is changed while brokers run. */
  readonly changes: string;
};

const CHANGES: Readonly<Record<DynamicScope, string>> = {
  broker: "per broker",
  cluster: "for all brokers",
};

/** Every broker setting as the documentation and `zoolog broker --help` show it. */
export function describeBrokerSettings(): SettingDescription[] {
  return Object.entries<Setting<unknown>>(brokerSettings).map(
    ([key, { takes, about, byDefault, dynamic }]) => ({
      name: settingName(key),
      takes,
      about,
      byDefault: byDefault === undefined ? "required" : String(byDefault.value ?? "none"),
      changes: dynamic === undefined ? "at a start" : CHANGES[dynamic],
    }),
  );
}

/** Found out here: a broker that is opened has to be shut down again, and its log begins with that. */
function connectStringFaults({ zookeeperConnect }: BrokerConfig): readonly string[] {
  try {
    parseConnectString(zookeeperConnect);
    return [];
  } catch (error) {
    if (!(error instanceof ZoologError)) throw error;
    return [`"zookeeper.connect": ${error.message}. ${error.hint ?? ""}`];
  }
}

/** What is wrong with the addresses that are listened on, and that others are told. */
function addressFaults(config: BrokerConfig): readonly string[] {
  const { httpHost, httpAdvertisedHost } = config;
  if (isWildcard(httpHost) && httpAdvertisedHost === undefined) {
    const reason = `nobody can connect to ${httpHost}, which "http.host" listens on`;
    return [`"http.advertised.host" is missing: ${reason}`];
  }
  const kafka = kafkaListeners(config);
  return "faults" in kafka ? kafka.faults : portsTakenTwice(config, kafka.listeners);
}

/** Found out here: who binds second is told by the machine that another program has the port. */
function portsTakenTwice(
  { httpHost, httpPort }: BrokerConfig,
  kafka: readonly KafkaListenerConfig[],
): string[] {
  const listening = [
    { setting: '"http.port"', host: httpHost, port: httpPort },
    ...kafka.map(({ host, listener, port }) => {
      const setting =
        listener === KAFKA_LISTENER ? '"kafka.port"' : `"kafka.listeners" (${listener})`;
      return { setting, host, port };
    }),
  ];
  return listening.flatMap((one, at) =>
    listening
      .slice(at + 1)
      .filter((other) => other.port !== 0 && other.port === one.port)
      .filter((other) => isSameHost(one.host, other.host))
      .map((other) => `${one.setting} and ${other.setting} are the same: ${one.port}`),
  );
}

function isSameHost(one: string, other: string): boolean {
  if (isWildcard(one) || isWildcard(other)) return true;
  const [a, b] = [one, other].map((host) => (host === "localhost" ? "127.0.0.1" : host));
  return a === b;
}

/** Answers the names that came more than once: as `http.port` and as `http: {port}`. */
function flatten(map: object, prefix: string, into: Record<string, unknown>): string[] {
  const twice: string[] = [];
  for (const [last, value] of Object.entries(map)) {
    const name = `${prefix}${last}`;
    if (isMap(value)) {
      twice.push(...flatten(value, `${name}.`, into));
    } else {
      if (Object.hasOwn(into, name)) twice.push(name);
      into[name] = value;
    }
  }
  return twice;
}

function isMap(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** One fault per line; for programs its `cause` has them one by one. */
function invalidConfig(faults: readonly string[]): ZoologError {
  const errors = faults.map((fault) => new Error(fault));
  const message = faults.join("\n");
  return new ZoologError({
    code: "INVALID_CONFIG",
    message,
    hint: "docs/configuration.md lists every setting.",
    ...(errors.length > 1 ? { cause: new AggregateError(errors, message) } : {}),
  });
}
