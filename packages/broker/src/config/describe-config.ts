import { nearestName } from "@zoolog/base";
import type { ConfigOverrides } from "@zoolog/controller";
import type { ConfigType, DescribeConfigsResponse } from "@zoolog/protocol";
import { brokerSettings } from "./broker-settings.ts";
import type { BrokerConfig } from "./config.ts";
import type { BrokerOverrides } from "./dynamic-settings.ts";
import { type Setting, settingName } from "./setting.ts";
import { TOPIC_SETTINGS_BY_NAME, unknownTopicSetting } from "./topic-settings.ts";

export type ConfigEntry = Extract<
  DescribeConfigsResponse["resources"][number],
  { readonly configs: unknown }
>["configs"][number];

type Synonym = ConfigEntry["synonyms"][number];

/** Where the values of a broker come from. */
export type ConfigLayers = {
  readonly started: BrokerConfig;
  readonly overrides: BrokerOverrides;
};

/** All settings of a topic, as they hold on the broker of these layers. */
export function describeTopicConfigs(
  overrides: ConfigOverrides,
  layers: ConfigLayers,
): readonly ConfigEntry[] {
  const known = [...TOPIC_SETTINGS_BY_NAME].map(([name, { key, setting }]) => {
    const own = synonymOf(name, overrides[name], "topic");
    return entry(name, setting, [...own, ...brokerSynonyms(key, setting, layers)], "dynamic");
  });
  return [...known, ...unknownEntries(overrides, TOPIC_SETTINGS_BY_NAME, "topic")];
}

/** All settings of a broker. */
export function describeBrokerConfigs(layers: ConfigLayers): readonly ConfigEntry[] {
  const known = brokerSettingList().map(({ name, key, setting }) =>
    entry(name, setting, brokerSynonyms(key, setting, layers), dynamicOf(setting)),
  );
  return [...known, ...unknownEntries(layers.overrides.own, BROKER_NAMES, "broker")];
}

/**
 * What stands for all brokers, and what could. Without an override there is no value: each broker has
 * its own.
 */
export function describeClusterConfigs(cluster: ConfigOverrides): readonly ConfigEntry[] {
  const known = brokerSettingList()
    .filter(({ setting }) => setting.dynamic !== undefined)
    .map(({ name, setting }): ConfigEntry => {
      const synonyms = synonymOf(name, cluster[name], "cluster");
      const described = entry(
        name,
        setting,
        [...synonyms, ...defaultSynonym(name, setting)],
        "dynamic",
      );
      if (synonyms.length > 0) return described;
      const { value: _, ...withoutValue } = described;
      return withoutValue;
    });
  return [...known, ...unknownEntries(cluster, BROKER_NAMES, "cluster")];
}

/** What is wrong with asking for a setting of that name. */
export function unknownKeyFault(kind: "topic" | "broker", key: string): string | undefined {
  if (kind === "topic") {
    return TOPIC_SETTINGS_BY_NAME.has(key) ? undefined : unknownTopicSetting(key);
  }
  if (BROKER_NAMES.has(key)) return undefined;
  const meant = nearestName(key, [...BROKER_NAMES.keys()]);
  return `unknown broker setting "${key}"${meant === undefined ? "" : `; did you mean "${meant}"?`}`;
}

function brokerSettingList() {
  return (Object.keys(brokerSettings) as (keyof BrokerConfig)[]).map((key) => {
    const setting: Setting<unknown> = brokerSettings[key];
    return { name: settingName(key), key, setting };
  });
}

const BROKER_NAMES: ReadonlyMap<string, unknown> = new Map(
  brokerSettingList().map(({ name, setting }) => [name, setting]),
);

function dynamicOf({ dynamic }: Setting<unknown>): "dynamic" | "atStart" {
  return dynamic === undefined ? "atStart" : "dynamic";
}

/** The first synonym wins. */
function entry(
  name: string,
  setting: Setting<unknown>,
  synonyms: readonly Synonym[],
  changes: "dynamic" | "atStart",
): ConfigEntry {
  const isSensitive = setting.sensitive === true;
  const shown: readonly Synonym[] = isSensitive
    ? synonyms.map(({ value: _, ...hidden }) => hidden)
    : synonyms;
  const value = shown[0]?.value;
  const byDefault = shown.find(({ source }) => source === "default")?.value;
  return {
    name,
    ...(value === undefined ? {} : { value }),
    source: synonyms[0]?.source ?? "default",
    type: typeOf(setting),
    dynamic: changes === "dynamic",
    sensitive: isSensitive,
    ...(byDefault === undefined ? {} : { default: byDefault }),
    synonyms: shown,
    about: setting.about,
  };
}

function typeOf({ type, sensitive, isList }: Setting<unknown>): ConfigType {
  if (sensitive === true) return "password";
  return isList === true ? "list" : type;
}

/** Every place that sets it for a broker, under the broker's name of it. */
function brokerSynonyms(
  key: keyof BrokerConfig,
  setting: Setting<unknown>,
  { started, overrides }: ConfigLayers,
): readonly Synonym[] {
  const name = settingName(key);
  const isSet = setting.byDefault === undefined || started[key] !== setting.byDefault.value;
  return [
    ...(setting.dynamic === "broker" ? synonymOf(name, overrides.own[name], "broker") : []),
    ...(setting.dynamic === undefined ? [] : synonymOf(name, overrides.cluster[name], "cluster")),
    ...(isSet ? synonymOf(name, textOf(setting, started[key]), "static") : []),
    ...defaultSynonym(name, setting),
  ];
}

function defaultSynonym(name: string, setting: Setting<unknown>): readonly Synonym[] {
  if (setting.byDefault === undefined) return [];
  return synonymOf(name, textOf(setting, setting.byDefault.value), "default");
}

function synonymOf(
  name: string,
  value: string | undefined,
  source: Synonym["source"],
): readonly Synonym[] {
  return value === undefined ? [] : [{ name, value, source }];
}

/** As one would write it; `undefined` where there is nothing to write. */
function textOf({ unlimited }: Setting<unknown>, value: unknown): string | undefined {
  if (value === undefined) return unlimited;
  return String(value);
}

/** Set by another version or by hand; shown so that somebody finds it and takes it away. */
function unknownEntries(
  overrides: ConfigOverrides,
  known: ReadonlyMap<string, unknown>,
  source: Synonym["source"],
): readonly ConfigEntry[] {
  return Object.entries(overrides)
    .filter(([name]) => !known.has(name))
    .map(([name, value]) => ({
      name,
      value,
      source,
      dynamic: true,
      sensitive: false,
      synonyms: [{ name, value, source }],
      about: "Not known to this version of the broker, and without effect.",
    }));
}
