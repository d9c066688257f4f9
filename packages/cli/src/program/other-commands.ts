import { type Command, Option } from "commander";
import type { NameKind } from "../commands/completion/live-names.ts";
import { oneOf } from "../usage-error.ts";
import { VERSION } from "../version.ts";
import type { RunCommand } from "./run-command.ts";

const SHELLS = ["bash", "zsh", "fish"] as const;
const KINDS = ["topics", "groups", "brokers"] as const satisfies readonly NameKind[];

type DumpFlags = { readonly records: boolean; readonly deep: boolean; readonly values: boolean };

export function addLogCommands(program: Command, run: RunCommand): void {
  const log = program.command("log").description("look into partitions on disk, without a broker");
  log
    .command("dump")
    .argument("<path>", "a .log, .index, .timeindex file or a partition's folder")
    .description("batches of segments, entries of indexes; reads only, checks every batch")
    .option("--records", "the records of each batch", false)
    .addOption(new Option("--values", "keys and values, too").implies({ records: true }))
    .option("--deep", "decompress and decode every record, so that all faults show", false)
    .action((path: string, flags: DumpFlags, command: Command) =>
      run(command, async (context) => {
        const { dumpLog } = await import("../commands/log/dump.ts");
        await dumpLog(context, path, flags);
      }),
    );
}

export function addOtherCommands(program: Command, run: RunCommand): void {
  program
    .command("completion")
    .argument("<shell>", SHELLS.join(", "), oneOf("shell", SHELLS))
    .description("a completion script; for instance: source <(zoolog completion bash)")
    .action((shell: (typeof SHELLS)[number], _flags: unknown, command: Command) =>
      run(command, async (context) => {
        const { completionScript } = await import("../commands/completion/script.ts");
        const script = completionScript(shell, program);
        await context.output.one({ shell, script }, () => [script.trimEnd()]);
      }),
    );
  program
    .command("names", { hidden: true })
    .argument("<kind>", KINDS.join(", "), oneOf("kind", KINDS))
    .description("names in the cluster, one per line: what completion scripts ask for")
    .action((kind: (typeof KINDS)[number], _flags: unknown, command: Command) =>
      run(command, async (context) => {
        const { liveNames } = await import("../commands/completion/live-names.ts");
        await liveNames(context, kind);
      }),
    );
  program
    .command("version")
    .description("of this command and of Node.js")
    .action((_flags: unknown, command: Command) =>
      run(command, async (context) => {
        const versions = { zoolog: VERSION, node: process.versions.node };
        await context.output.one(versions, () => [`zoolog ${VERSION} (Node ${versions.node})`]);
      }),
    );
}
