import { oneOfNames, type Static, text } from "../schema.ts";

export const configResourceType = oneOfNames(["topic", "broker"]);

export const configResourceName = text(
  { maxLength: 249 },
  { description: "A topic; a broker's id, or `default` for what holds for all brokers" },
);

export const configName = text({ maxLength: 249 });
export const configValue = text({ maxLength: 10_000 });

/**
 * Where a value was set, the most specific first: for the topic; for this broker or for all of them
 * in ZooKeeper; in this broker's file, environment or command line; nowhere.
 */
export const configSource = oneOfNames(["topic", "broker", "cluster", "static", "default"]);
export type ConfigSource = Static<typeof configSource>;

/** What a value is, in Kafka's terms (KIP-569). */
export const configType = oneOfNames(["boolean", "string", "int", "long", "list", "password"]);
export type ConfigType = Static<typeof configType>;
