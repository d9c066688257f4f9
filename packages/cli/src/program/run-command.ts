import type { ClientDependencies } from "@zoolog/client";
import type { Command } from "commander";
import { CommandContext } from "../context.ts";
import type { GlobalOptions } from "../global-options.ts";
import type { Terminal } from "../terminal.ts";

/** Runs what a command does with the global options as they were given. */
export type RunCommand = (
  command: Command,
  task: (context: CommandContext) => Promise<void>,
) => Promise<void>;

export function commandRunner(
  terminal: Terminal,
  clientDependencies: ClientDependencies,
): RunCommand {
  return (command, task) => {
    const options = command.optsWithGlobals<GlobalOptions>();
    const isTimeoutGiven = command.getOptionValueSourceWithGlobals("timeout") === "cli";
    const given = { ...options, isTimeoutGiven };
    return task(new CommandContext(given, { terminal, clientDependencies }));
  };
}
