/**
 * The command tree. It names commands and their options and nothing else: what a command does is
 * imported when it runs, so that `--help` stays within 150 ms.
 */
import type { ClientDependencies } from "@zoolog/client";
import { Command, Help, Option } from "commander";
import { brokerList } from "../context.ts";
import { DEFAULT_BOOTSTRAP } from "../global-options.ts";
import { OUTPUT_FORMATS } from "../output/output.ts";
import type { Terminal } from "../terminal.ts";
import { duration, oneOf } from "../usage-error.ts";
import { VERSION } from "../version.ts";
import { addClusterCommands } from "./cluster-commands.ts";
import { addConfigCommands } from "./config-commands.ts";
import { addGroupCommands } from "./group-commands.ts";
import { addHelpCommands } from "./help-command.ts";
import { addLogCommands, addOtherCommands } from "./other-commands.ts";
import { addRecordCommands } from "./record-commands.ts";
import { commandRunner } from "./run-command.ts";
import { addServerCommands } from "./server-commands.ts";
import { addTopicCommands } from "./topic-commands.ts";

const COLOURS = ["auto", "always", "never"] as const;

export function createProgram(terminal: Terminal, dependencies: ClientDependencies): Command {
  const program = new Command("zoolog")
    .description("A distributed, partitioned, replicated commit log.")
    .version(VERSION, "-V, --version")
    .addOption(
      new Option(
        "--bootstrap <urls>",
        `brokers to begin with, comma-separated; a host alone is at port 8092 (env ZOOLOG_BOOTSTRAP; default: ${DEFAULT_BOOTSTRAP})`,
      ).argParser(brokerList),
    )
    .addOption(
      new Option(
        "-o, --output <format>",
        `form of what goes to stdout: ${OUTPUT_FORMATS.join(", ")}`,
      )
        .argParser(oneOf("--output", OUTPUT_FORMATS))
        .default("table"),
    )
    .addOption(
      new Option(
        "--timeout <time>",
        "how long a call, or a record on its way, may take: 500ms, 10s, 5m; bare: seconds",
      )
        .argParser(duration("--timeout"))
        .default(10_000, "10s"),
    )
    .addOption(
      new Option("--color <when>", `${COLOURS.join(", ")}; NO_COLOR is heeded`)
        .argParser(oneOf("--color", COLOURS))
        .default("auto"),
    )
    .option("--debug", "stack traces of failures", false)
    .configureHelp({ showGlobalOptions: true, sortSubcommands: false, optionDescription })
    .addHelpText("after", EXIT_CODES);
  const run = commandRunner(terminal, dependencies);
  addServerCommands(program, run);
  addTopicCommands(program, run);
  addRecordCommands(program, run);
  addGroupCommands(program, run);
  addConfigCommands(program, run);
  addClusterCommands(program, run);
  addLogCommands(program, run);
  addOtherCommands(program, run);
  addHelpCommands(program);
  return program;
}

/** Without "(default: false)" behind every switch. */
function optionDescription(this: Help, option: Option): string {
  const shown: Option =
    option.defaultValue === false
      ? Object.create(option, { defaultValue: { value: undefined } })
      : option;
  return Help.prototype.optionDescription.call(this, shown);
}

const EXIT_CODES = `
Data goes to stdout, everything else to stderr; with -o json, ndjson or yaml a failure is one line
of JSON. Exit codes: 0 done, 1 failed, 2 wrong usage, 3 not found, 5 timed out, 10 unhealthy
(doctor), 130 interrupted. Servers end with 0 when told to.`;
