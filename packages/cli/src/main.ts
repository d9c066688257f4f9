import { ZoologError } from "@zoolog/base";
import type { ClientDependencies } from "@zoolog/client";
import { type Command, CommanderError } from "commander";
import { EXIT, type ExitCode, exitCodeOf } from "./exit-code.ts";
import { failureDocument, failureLines } from "./failure.ts";
import type { GlobalOptions } from "./global-options.ts";
import { coloursFor } from "./output/colour.ts";
import { hasDocuments } from "./output/output.ts";
import { createProgram } from "./program/program.ts";
import { processTerminal, type Terminal } from "./terminal.ts";

/** Runs the command line of this process and sets its exit code. */
export async function main(argv: readonly string[]): Promise<void> {
  const terminal = processTerminal();
  process.exitCode = await runCommandLine(argv.slice(2), terminal);
  terminal.release();
}

/**
 * Runs one command line; failures become an exit code and a few words on stderr. `dependencies` are
 * what its client stands on: tests give brokers of their own.
 */
export async function runCommandLine(
  words: readonly string[],
  terminal: Terminal,
  dependencies: ClientDependencies = {},
): Promise<ExitCode> {
  if (words[0] === "kafka-script") {
    return await runKafkaScript(words.slice(1), terminal, dependencies);
  }
  const program = createProgram(terminal, dependencies);
  const forPrograms = (): boolean => hasDocuments(program.opts<GlobalOptions>().output);
  let refusing = program;
  for (const command of [program, ...descendantsOf(program)]) {
    command.exitOverride().configureOutput({
      writeOut: (text) => void terminal.write(text),
      // Help for a command group that was given no command.
      writeErr: (text) => {
        refusing = command;
        if (!forPrograms()) terminal.talkRaw(text);
      },
      outputError: () => {
        refusing = command;
      },
    });
  }
  if (words.length === 0) {
    program.outputHelp();
    return EXIT.ok;
  }
  try {
    await program.parseAsync([...words], { from: "user" });
    return terminal.conclusion;
  } catch (error) {
    // Whoever read stdout has seen enough.
    if (terminal.signal.aborted && !terminal.interrupted) return EXIT.ok;
    const isUsage = error instanceof CommanderError;
    // `--help` and `--version` are no failures.
    if (isUsage && error.exitCode === 0) return EXIT.ok;
    const failure = isUsage
      ? await inOurWords(error, refusing, words)
      : withHelp(interruption(error, terminal), program, words);
    if (forPrograms()) terminal.talk(failureDocument(failure));
    // A group of commands alone has had its help.
    else if (!isUsage || error.code !== "commander.help") tell(failure, program, terminal);
    return terminal.interrupted ? EXIT.interrupted : exitCodeOf(failure);
  }
}

/** What `scripts/*.sh` call: flags of Kafka's tools, run as command lines of ours. */
async function runKafkaScript(
  words: readonly string[],
  terminal: Terminal,
  dependencies: ClientDependencies,
): Promise<ExitCode> {
  const { kafkaScript } = await import("./kafka-scripts/kafka-script.ts");
  try {
    const script = kafkaScript(words);
    if ("help" in script) {
      await terminal.write(script.help);
      return EXIT.ok;
    }
    let code: ExitCode = EXIT.ok;
    for (const command of script.commands) {
      if (code === EXIT.ok) code = await runCommandLine(command, terminal, dependencies);
    }
    return code;
  } catch (error) {
    const colours = coloursFor("auto", { isTty: terminal.stderrIsTty }, terminal.env);
    for (const line of failureLines(error, colours, false)) terminal.talk(line);
    return exitCodeOf(error);
  }
}

async function inOurWords(
  error: CommanderError,
  command: Command,
  words: readonly string[],
): Promise<unknown> {
  const { usageFailure } = await import("./program/usage-failure.ts");
  return usageFailure(error, command, words);
}

/** What Ctrl-C broke off has failed of nothing else. */
function interruption(error: unknown, { interrupted }: Terminal): unknown {
  const isAbort = error instanceof Error && error.name === "AbortError";
  if (!interrupted || !isAbort) return error;
  return new ZoologError({ code: "INTERRUPTED", message: "interrupted" });
}

/** A wrong command line is never left without what to do next. */
function withHelp(error: unknown, program: Command, words: readonly string[]): unknown {
  if (!(error instanceof ZoologError) || error.hint !== undefined) return error;
  if (exitCodeOf(error) !== EXIT.usage) return error;
  let command = program;
  for (const word of words) command = command.commands.find((c) => c.name() === word) ?? command;
  const path = [command.parent?.parent, command.parent, command].flatMap((c) => c?.name() ?? []);
  const { cause, code, message } = error;
  return new ZoologError({
    code,
    message,
    cause,
    hint: `\`${path.join(" ")} --help\` tells more.`,
  });
}

function tell(failure: unknown, program: Command, terminal: Terminal): void {
  const { color, debug } = program.opts<{ color: "auto"; debug: boolean }>();
  const colours = coloursFor(color, { isTty: terminal.stderrIsTty }, terminal.env);
  for (const line of failureLines(failure, colours, debug)) terminal.talk(line);
}

function descendantsOf(command: Command): Command[] {
  return command.commands.flatMap((child) => [child, ...descendantsOf(child)]);
}
