import { nearestName, type ZoologError } from "@zoolog/base";
import type { Command, CommanderError } from "commander";
import { usageError } from "../usage-error.ts";

/**
 * What Commander found wrong, in our words: it says what, and often what was meant; a setting given
 * as an option, and otherwise where help is, are our hints.
 */
export async function usageFailure(
  error: CommanderError,
  command: Command,
  words: readonly string[],
): Promise<ZoologError> {
  const path = pathOf(command);
  const help = `\`${path} --help\` tells more.`;
  if (error.code === "commander.help") return usageError(`${path} needs a command`, help);
  const foreign = foreignFlag(error.message, command);
  if (foreign !== undefined) return foreign;
  const [first = "", meant] = error.message.replace(/^error: /, "").split("\n");
  const what = first.replace(/\.$/, "");
  if (meant !== undefined) {
    return usageError(what, `${meant.replace(/^\(Did/, "Did").replace(/\)$/, "")} ${help}`);
  }
  const misspelt = error.code === "commander.excessArguments" && commandMisspelt(command, words);
  if (misspelt) return usageError(what, `Did you mean ${misspelt}? ${help}`);
  const elsewhere = error.code === "commander.unknownCommand" && commandInGroup(command, what);
  if (elsewhere) return usageError(what, `Did you mean ${elsewhere}? ${help}`);
  const unknown = /^unknown option '([^']+)'/.exec(what)?.[1];
  const setting = unknown && (await settingMeant(unknown, command, words));
  return usageError(what, setting ?? help);
}

/** What other tools, or other commands here, call it. */
function foreignFlag(message: string, command: Command): ZoologError | undefined {
  const unknown = /unknown option '(--[a-z]+)/.exec(message)?.[1];
  const path = pathOf(command);
  const takesSettings = command.options.some(({ long }) => long === "--config");
  if (unknown === "--set" && takesSettings) {
    return usageError(
      `unknown option '--set' of ${path}`,
      "Settings of topics are given with -c: -c retention.ms=86400000.",
    );
  }
  if (unknown === "--partitions" && path === "zoolog topic alter") {
    return usageError(
      `${path} changes settings only`,
      "More partitions: zoolog topic partitions add TOPIC --total N.",
    );
  }
  return undefined;
}

/** `zoolog broker lst`: a command that runs alone, and has commands below it as well. */
function commandMisspelt(command: Command, words: readonly string[]): string | undefined {
  const given = words[words.indexOf(command.name()) + 1] ?? "";
  const meant = nearestName(
    given,
    command.commands.map((child) => child.name()),
  );
  return meant && `${pathOf(command)} ${meant}`;
}

/** `create` is a command of `topic`: the first group that has one of this name. */
function commandInGroup(command: Command, what: string): string | undefined {
  const name = /^unknown command '([^']+)'/.exec(what)?.[1];
  const found = command.commands
    .flatMap((group) => group.commands)
    .find((child) => child.name() === name);
  return found && pathOf(found);
}

/** A setting's name as an option: how it is given instead. Only now are the settings loaded. */
async function settingMeant(
  option: string,
  command: Command,
  words: readonly string[],
): Promise<string | undefined> {
  const flag = command.options.find(({ flags }) => flags.includes("<name=value>"))?.long;
  if (flag !== "--set" && flag !== "--config") return undefined;
  const { describeBrokerSettings, describeTopicSettings } = await import("@zoolog/broker");
  const settings = flag === "--set" ? describeBrokerSettings() : describeTopicSettings();
  const [given = "", inline] = option.split("=", 2);
  const name = settings.find((setting) => bare(setting.name) === bare(given))?.name;
  if (name === undefined) return undefined;
  const next = words[words.indexOf(option) + 1];
  const value = inline ?? (next === undefined || next.startsWith("-") ? "VALUE" : next);
  return `It is a setting: write ${flag} ${name}=${value}.`;
}

/** `--log-flush`, `--logFlush` and `log.flush` are the same words. */
function bare(name: string): string {
  return name.replaceAll(/[._-]/g, "").toLowerCase();
}

function pathOf(command: Command): string {
  return command.parent === null ? command.name() : `${pathOf(command.parent)} ${command.name()}`;
}
