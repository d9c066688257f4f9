import { nearestName } from "@zoolog/base";
import {
  CLUSTER_CONFIG_NAME,
  type ClusterImage,
  type ConfigOverrides,
  type ConfigRules,
} from "@zoolog/controller";
import { brokerSettings } from "./broker-settings.ts";
import type { BrokerConfig } from "./config.ts";
import { type Setting, settingName } from "./setting.ts";
import { topicSettingFault, topicSettingList } from "./topic-settings.ts";

/**
 * Settings of brokers that are changed while they run (KIP-226): what stands in ZooKeeper for one
 * broker, else for all of them, else in its own configuration, else the default.
 */

/** What ZooKeeper says of one broker's settings. */
export type BrokerOverrides = {
  /** For this broker. */
  readonly own: ConfigOverrides;
  /** For all brokers. */
  readonly cluster: ConfigOverrides;
};

export const NO_OVERRIDES: BrokerOverrides = { own: {}, cluster: {} };

export function overridesOf(
  { brokerConfigs }: Pick<ClusterImage, "brokerConfigs">,
  brokerId: number,
): BrokerOverrides {
  return {
    own: brokerConfigs.get(String(brokerId)) ?? {},
    cluster: brokerConfigs.get(CLUSTER_CONFIG_NAME) ?? {},
  };
}

const BY_NAME: ReadonlyMap<string, keyof BrokerConfig> = new Map(
  Object.keys(brokerSettings).map((key) => [settingName(key), key as keyof BrokerConfig]),
);

/**
 * The configuration with the overrides. One that is not understood, or not meant to change, is left
 * out: another version accepted it, or a hand wrote it.
 */
export function withOverrides(config: BrokerConfig, overrides: BrokerOverrides): BrokerConfig {
  const values: Record<string, unknown> = { ...config };
  for (const layer of ["cluster", "own"] as const) {
    for (const [name, raw] of Object.entries(overrides[layer])) {
      const key = BY_NAME.get(name);
      if (key === undefined || scopeFault(layer === "own" ? "" : CLUSTER_CONFIG_NAME, name))
        continue;
      const parsed = definitionOf(key).parse(raw);
      if ("value" in parsed) values[key] = parsed.value;
    }
  }
  return values as BrokerConfig;
}

/** What the controller judges changes by. */
export const CONFIG_RULES: ConfigRules = {
  fault: ({ kind, name: resource }, name, value) =>
    kind === "topic"
      ? topicSettingFault(name, value)
      : (scopeFault(resource, name) ?? valueFault(name, value)),
  listDefault: ({ kind }, name) => {
    if (kind === "topic") return topicSettingList(name);
    const key = BY_NAME.get(name);
    const setting = key === undefined ? undefined : definitionOf(key);
    return setting?.isList === true ? String(setting.byDefault?.value ?? "").split(",") : undefined;
  },
};

/** Why a broker's setting cannot be changed there while brokers run. */
function scopeFault(resource: string, name: string): string | undefined {
  const key = BY_NAME.get(name);
  if (key === undefined) {
    const meant = nearestName(name, [...BY_NAME.keys()]);
    return `unknown broker setting "${name}"${meant === undefined ? "" : `; did you mean "${meant}"?`}`;
  }
  const { dynamic } = definitionOf(key);
  if (dynamic === undefined) {
    return `"${name}" is read when a broker starts: change its configuration and start it again`;
  }
  if (dynamic === "cluster" && resource !== CLUSTER_CONFIG_NAME) {
    const all = `zoolog config set broker default ${name}=…`;
    return `"${name}" is the same on all brokers, and set for all of them: ${all}`;
  }
  return undefined;
}

function valueFault(name: string, value: string | undefined): string | undefined {
  const key = BY_NAME.get(name);
  if (value === undefined || key === undefined) return undefined;
  const parsed = definitionOf(key).parse(value);
  return "fault" in parsed ? `"${name}" ${parsed.fault}, not "${value}"` : undefined;
}

function definitionOf(key: keyof BrokerConfig): Setting<unknown> {
  return brokerSettings[key];
}
