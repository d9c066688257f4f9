import { nearestName } from "@zoolog/base";
import type { Command } from "commander";

/**
 * `help COMMAND…` below every group of commands. Commander's own one shows the help of the group for a
 * command that is not there, and looks at the first word alone.
 */
export function addHelpCommands(group: Command): void {
  const below = group.commands.filter(({ commands }) => commands.length > 0);
  group
    .helpCommand(false)
    .command("help")
    .argument("[command...]")
    .description("display help for command")
    .action((names: readonly string[]) => commandAt(group, names).help());
  for (const child of below) addHelpCommands(child);
}

function commandAt(group: Command, [name, ...rest]: readonly string[]): Command {
  if (name === undefined) return group;
  const found = group.commands.find((child) => child.name() === name);
  if (found !== undefined) return commandAt(found, rest);
  const names = group.commands.map((child) => child.name());
  const meant = nearestName(name, names);
  const suggestion = meant === undefined ? "" : `\n(Did you mean ${meant}?)`;
  return group.error(`error: unknown command '${name}'${suggestion}`, {
    code: "commander.unknownCommand",
  });
}
