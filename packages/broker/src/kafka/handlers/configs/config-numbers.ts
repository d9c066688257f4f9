import type { ConfigSource, ConfigType } from "@zoolog/protocol";
import { type Refusal, refusal } from "../../call-failure.ts";

/** Kafka's numbers of what has settings (`ConfigResource.Type`): topics and brokers do here. */
const RESOURCE_TYPES = new Map([
  [2, "topic"],
  [4, "broker"],
] as const);

export type ConfigResourceType = "topic" | "broker";

export function resourceTypeOf(number: number): ConfigResourceType | undefined {
  return RESOURCE_TYPES.get(number as 2);
}

/** What stands for all brokers has no name in Kafka's protocol, and one in ours. */
export function resourceNameOf(type: ConfigResourceType, name: string): string {
  return type === "broker" && name === "" ? "default" : name;
}

/** Kafka's numbers of where a value was set (`DescribeConfigsResponse.ConfigSource`). */
const SOURCES: Readonly<Record<ConfigSource, number>> = {
  topic: 1,
  broker: 2,
  cluster: 3,
  static: 4,
  default: 5,
};

export function sourceNumber(source: ConfigSource): number {
  return SOURCES[source];
}

/** Kafka's numbers of what a value is (`DescribeConfigsResponse.ConfigType`, KIP-569). */
const TYPES: Readonly<Record<ConfigType, number>> = {
  boolean: 1,
  string: 2,
  int: 3,
  long: 5,
  list: 7,
  password: 9,
};

export function configTypeNumber(type: ConfigType | undefined): number {
  return type === undefined ? UNKNOWN_TYPE : TYPES[type];
}

/** Of settings that this version does not know. */
const UNKNOWN_TYPE = 0;

export function notConfigurable(resourceType: number): Refusal {
  const message = `resources of type ${resourceType} have no settings here; topics (2) and brokers (4) do`;
  return refusal("INVALID_REQUEST", message);
}
