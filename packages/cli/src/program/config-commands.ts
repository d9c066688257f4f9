import type { Command } from "commander";
import { oneOf } from "../usage-error.ts";
import type { RunCommand } from "./run-command.ts";

const TYPES = ["topic", "broker"] as const;
type Type = (typeof TYPES)[number];

const type = oneOf("type", TYPES);
const NAME = "the topic; the broker's id, or default for all brokers";

type ChangeFlags = {
  readonly validateOnly: boolean;
  readonly append?: boolean;
  readonly subtract?: boolean;
};

export function addConfigCommands(program: Command, run: RunCommand): void {
  const config = program
    .command("config")
    .description("settings of topics and brokers that run, and where each was set");
  config
    .command("get")
    .argument("<type>", TYPES.join(" or "), type)
    .argument("<name>", NAME)
    .argument("[settings...]", "only these")
    .description("what settings are, and who set them")
    .option("--changed", "only those that somebody has set", false)
    .addHelpText(
      "after",
      `
Examples:
  zoolog config get topic orders
  zoolog config get broker 1 --changed
  zoolog config get topic orders retention.ms -o json`,
    )
    .action(
      (of: Type, name: string, keys: string[], flags: { changed: boolean }, command: Command) =>
        run(command, async (context) => {
          const { getConfig } = await import("../commands/config/get.ts");
          await getConfig(context, of, name, { ...flags, keys });
        }),
    );
  config
    .command("set")
    .argument("<type>", TYPES.join(" or "), type)
    .argument("<name>", NAME)
    .argument("<setting=value...>", "one or more; all of them are changed or none")
    .description("change settings while brokers run")
    .option("--append", "add to a setting that is a list", false)
    .option("--subtract", "take from a setting that is a list", false)
    .option("--validate-only", "check everything, change nothing", false)
    .addHelpText(
      "after",
      `
Examples:
  zoolog config set topic orders retention.ms=86400000
  zoolog config set broker default log.retention.ms=259200000  all brokers, also those to come`,
    )
    .action((of: Type, name: string, settings: string[], flags: ChangeFlags, command: Command) =>
      run(command, async (context) => {
        const { setConfig } = await import("../commands/config/change.ts");
        await setConfig(context, of, name, settings, flags);
      }),
    );
  config
    .command("unset")
    .argument("<type>", TYPES.join(" or "), type)
    .argument("<name>", NAME)
    .argument("<settings...>", "one or more")
    .description("back to what holds without them")
    .option("--validate-only", "check everything, change nothing", false)
    .action((of: Type, name: string, settings: string[], flags: ChangeFlags, command: Command) =>
      run(command, async (context) => {
        const { unsetConfig } = await import("../commands/config/change.ts");
        await unsetConfig(context, of, name, settings, flags);
      }),
    );
}
