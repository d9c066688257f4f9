/**
 * Admin scripts named and called as Kafka's: each is a mapping of Kafka's flags to command lines of
 * ours, and does nothing else. A flag that has no counterpart is refused by name.
 */
import { usageError } from "../usage-error.ts";
import { CONFIGS_FLAGS, configsCommands } from "./configs.ts";
import { CONSOLE_CONSUMER_FLAGS, consoleConsumerCommands } from "./console-consumer.ts";
import { CONSOLE_PRODUCER_FLAGS, consoleProducerCommands } from "./console-producer.ts";
import { CONSUMER_GROUPS_FLAGS, consumerGroupsCommands } from "./consumer-groups.ts";
import type { FlagTable } from "./kafka-flags.ts";
import { TOPICS_FLAGS, topicsCommands } from "./topics.ts";

type Script = {
  readonly flags: FlagTable;
  readonly commands: (words: readonly string[]) => string[][];
};

const SCRIPTS: Readonly<Record<string, Script>> = {
  topics: { flags: TOPICS_FLAGS, commands: topicsCommands },
  "consumer-groups": { flags: CONSUMER_GROUPS_FLAGS, commands: consumerGroupsCommands },
  "console-producer": { flags: CONSOLE_PRODUCER_FLAGS, commands: consoleProducerCommands },
  "console-consumer": { flags: CONSOLE_CONSUMER_FLAGS, commands: consoleConsumerCommands },
  configs: { flags: CONFIGS_FLAGS, commands: configsCommands },
};

/** Command lines of ours to run one after the other, or the help of the script. */
export type KafkaScript = { readonly commands: string[][] } | { readonly help: string };

/** @throws ZoologError `USAGE` */
export function kafkaScript(words: readonly string[]): KafkaScript {
  const [name = "", ...rest] = words;
  const script = Object.hasOwn(SCRIPTS, name) ? SCRIPTS[name] : undefined;
  if (script === undefined) {
    throw usageError(`there is no script ${name}`, `There are ${Object.keys(SCRIPTS).join(", ")}.`);
  }
  if (rest.length === 0 || rest.includes("--help")) return { help: helpOf(name, script.flags) };
  return { commands: script.commands(rest) };
}

function helpOf(name: string, flags: FlagTable): string {
  const lines = Object.entries(flags).map(
    ([flag, kind]) => `  ${flag}${kind === "value" ? " VALUE" : ""}`,
  );
  return [
    `${name}.sh takes these flags of Kafka's script of that name, and calls zoolog:`,
    ...lines,
    "zoolog --help shows the commands themselves, which can do more.",
    "",
  ].join("\n");
}
