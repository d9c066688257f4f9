import { CommanderError } from "commander";
import { EXIT, type ExitCode, exitCodeOf } from "./exit-code.ts";
import { failureLines } from "./failure.ts";
import { coloursFor } from "./output/colour.ts";
import { createProgram } from "./program/program.ts";
import { processTerminal, type Terminal } from "./terminal.ts";

/** Runs the command line of this process and sets its exit code. */
export async function main(argv: readonly string[]): Promise<void> {
  const terminal = processTerminal();
  process.exitCode = await runCommandLine(argv.slice(2), terminal);
  terminal.release();
}

/** Runs one command line; failures become an exit code and a few words on stderr. */
export async function runCommandLine(
  words: readonly string[],
  terminal: Terminal,
): Promise<ExitCode> {
  const program = createProgram(terminal);
  const output = {
    writeOut: (text: string) => void terminal.write(text),
    writeErr: (text: string) => terminal.talkRaw(text),
  };
  for (const command of [program, ...descendantsOf(program)]) {
    command.exitOverride().configureOutput(output);
  }
  if (words.length === 0) {
    program.outputHelp();
    return EXIT.ok;
  }
  try {
    await program.parseAsync([...words], { from: "user" });
    return EXIT.ok;
  } catch (error) {
    // Whoever read stdout has seen enough.
    if (terminal.signal.aborted && !terminal.interrupted) return EXIT.ok;
    // Commander has said what is wrong; `--help` and `--version` are no failures.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    const { color, debug } = program.opts<{ color: "auto"; debug: boolean }>();
    const colours = coloursFor(color, { isTty: terminal.stderrIsTty }, terminal.env);
    for (const line of failureLines(error, colours, debug)) terminal.talk(line);
    return terminal.interrupted ? EXIT.failed : exitCodeOf(error);
  }
}

function descendantsOf(command: ReturnType<typeof createProgram>): (typeof command)[] {
  return command.commands.flatMap((child) => [
    child as typeof command,
    ...descendantsOf(child as typeof command),
  ]);
}
