import { assert, nearestName } from "@zoolog/base";
import type { ConfigOverrides } from "@zoolog/controller";
import type { PartitionConfig } from "@zoolog/replication";
import { brokerSettings } from "./broker-settings.ts";
import type { BrokerConfig, SettingDescription } from "./config.ts";
import { insteadOfForeignSetting } from "./foreign-topic-settings.ts";
import { type Setting, settingName } from "./setting.ts";

/**
 * Settings that a topic may override, by the broker setting that holds without it: topics use
 * Kafka's shorter names for the same things.
 */
const TOPIC_SETTINGS = {
  cleanupPolicy: "logCleanupPolicy",
  flush: "logFlush",
  indexIntervalBytes: "logIndexIntervalBytes",
  maxMessageBytes: "messageMaxBytes",
  messageTimestampAfterMaxMs: "logMessageTimestampAfterMaxMs",
  messageTimestampBeforeMaxMs: "logMessageTimestampBeforeMaxMs",
  messageTimestampType: "logMessageTimestampType",
  minInsyncReplicas: "minInsyncReplicas",
  retentionBytes: "logRetentionBytes",
  retentionMs: "logRetentionMs",
  segmentBytes: "logSegmentBytes",
  segmentIndexBytes: "logIndexSizeMaxBytes",
  segmentMs: "logRollMs",
  uncleanLeaderElectionEnable: "uncleanLeaderElectionEnable",
} as const satisfies Record<string, keyof BrokerConfig>;

/** Settings of topics by name, each with the broker setting that holds without it. */
export const TOPIC_SETTINGS_BY_NAME: ReadonlyMap<
  string,
  { readonly key: keyof BrokerConfig; readonly setting: Setting<unknown> }
> = new Map(
  Object.entries(TOPIC_SETTINGS).map(([name, key]) => [
    settingName(name),
    { key, setting: brokerSettings[key] },
  ]),
);

type TopicSetting = keyof typeof TOPIC_SETTINGS;

type TopicConfig = { readonly [Key in TopicSetting]: BrokerConfig[(typeof TOPIC_SETTINGS)[Key]] };

const BY_NAME: ReadonlyMap<string, TopicSetting> = new Map(
  (Object.keys(TOPIC_SETTINGS) as TopicSetting[]).map((key) => [settingName(key), key]),
);

/** The items of a setting that is a list, as they are without an override. */
export function topicSettingList(name: string): readonly string[] | undefined {
  const setting = TOPIC_SETTINGS_BY_NAME.get(name)?.setting;
  return setting?.isList === true ? String(setting.byDefault?.value ?? "").split(",") : undefined;
}

const BY_BROKER_NAME: ReadonlyMap<string, string> = new Map(
  [...TOPIC_SETTINGS_BY_NAME].map(([name, { key }]) => [settingName(key), name]),
);

/** Says what was meant, or what holds instead where Kafka has the setting. */
export function unknownTopicSetting(name: string): string {
  const unknown = `unknown topic setting "${name}"`;
  const instead = insteadOfForeignSetting(name);
  if (instead !== undefined) return `${unknown}: ${instead}`;
  const meant = BY_BROKER_NAME.get(name) ?? nearestName(name, [...BY_NAME.keys()]);
  return meant === undefined ? unknown : `${unknown}; did you mean "${meant}"?`;
}

/** What is wrong with an override of a topic, or only with its name; nothing when it is fine. */
export function topicSettingFault(name: string, value: string | undefined): string | undefined {
  const key = BY_NAME.get(name);
  if (key === undefined) return unknownTopicSetting(name);
  if (value === undefined) return undefined;
  const parsed = definitionOf(key).parse(value);
  return "fault" in parsed ? `"${name}" ${parsed.fault}, not "${value}"` : undefined;
}

/**
 * What holds for a topic: its overrides over the broker's settings. An override that this broker
 * does not understand was accepted by another version; it is left out, as refusing would stop the
 * partition.
 */
export function partitionConfigOf(
  overrides: ConfigOverrides,
  broker: BrokerConfig,
): PartitionConfig {
  const config = topicConfigOf(overrides, broker);
  return {
    minInsyncReplicas: config.minInsyncReplicas,
    messageBytesMax: config.maxMessageBytes,
    stampOnAppend: config.messageTimestampType === "LogAppendTime",
    timestampBeforeMaxMs: config.messageTimestampBeforeMaxMs,
    timestampAfterMaxMs: config.messageTimestampAfterMaxMs,
    log: {
      segmentBytes: config.segmentBytes,
      segmentMs: config.segmentMs,
      segmentIndexBytes: config.segmentIndexBytes,
      indexIntervalBytes: config.indexIntervalBytes,
      retentionMs: config.retentionMs,
      retentionBytes: config.retentionBytes,
      flush: config.flush,
    },
  };
}

/** Where a value comes from: the topic, this broker's configuration, or the built-in default. */
export type DescribedSetting = {
  readonly value: string;
  readonly source: "topic" | "broker" | "default";
};

/** Every setting of a topic with its value, as `describe-topics` shows them. */
export function describeTopicConfig(
  overrides: ConfigOverrides,
  broker: BrokerConfig,
): Record<string, DescribedSetting> {
  const config = topicConfigOf(overrides, broker);
  const described: Record<string, DescribedSetting> = {};
  for (const [name, key] of BY_NAME) {
    const { byDefault, unlimited } = definitionOf(key);
    const value = String(config[key] ?? unlimited);
    const isDefault = broker[TOPIC_SETTINGS[key]] === byDefault?.value;
    const inherited = isDefault ? "default" : "broker";
    described[name] = { value, source: name in overrides ? "topic" : inherited };
  }
  return described;
}

/** Every topic setting, for the documentation. */
export function describeTopicSettings(): SettingDescription[] {
  return [...BY_NAME].map(([name, key]) => {
    const { takes, about } = definitionOf(key);
    const byDefault = `\`${settingName(TOPIC_SETTINGS[key])}\``;
    return { name, takes, about, byDefault, changes: "per topic" };
  });
}

function topicConfigOf(overrides: ConfigOverrides, broker: BrokerConfig): TopicConfig {
  const config: Record<string, unknown> = {};
  for (const [name, key] of BY_NAME) {
    const override = overrides[name];
    const parsed = override === undefined ? undefined : definitionOf(key).parse(override);
    const isOverridden = parsed !== undefined && "value" in parsed;
    config[key] = isOverridden ? parsed.value : broker[TOPIC_SETTINGS[key]];
  }
  return config as TopicConfig;
}

function definitionOf(key: TopicSetting): Setting<unknown> {
  const definition: Setting<unknown> | undefined = brokerSettings[TOPIC_SETTINGS[key]];
  assert(definition !== undefined, "the table names settings of a broker");
  return definition;
}
