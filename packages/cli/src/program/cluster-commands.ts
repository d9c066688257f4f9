import { type Command, Option } from "commander";
import { type PartitionChoice, partitionChoice } from "../input/partition-choice.ts";
import { duration, several, wholeNumber } from "../usage-error.ts";
import type { RunCommand } from "./run-command.ts";

const BROKER_ID_MAX = 2 ** 31 - 1;

export function addClusterCommands(program: Command, run: RunCommand): void {
  const cluster = program.command("cluster").description("the cluster at a glance");
  cluster
    .command("info")
    .description("brokers, controller, and whether all partitions are well")
    .action((_flags: unknown, command: Command) =>
      run(command, async (context) => {
        const { clusterInfo } = await import("../commands/cluster/info.ts");
        await clusterInfo(context);
      }),
    );
  addElectLeaders(cluster, run);
  addTop(program, run);
  addDoctor(program, run);
}

type ElectFlags = {
  readonly topic?: readonly PartitionChoice[];
  readonly unclean: boolean;
  readonly yes: boolean;
};

function addElectLeaders(cluster: Command, run: RunCommand): void {
  cluster
    .command("elect-leaders")
    .description("give partitions their preferred leaders, or any leader at all")
    .option(
      "-t, --topic <topic[:p,p]>",
      "only these; repeatable. Without: all partitions",
      several(partitionChoice),
    )
    .option("--unclean", "a replica that lacks acknowledged records may lead: they are lost", false)
    .option("-y, --yes", "do not ask", false)
    .addHelpText(
      "after",
      `
Examples:
  zoolog cluster elect-leaders                            after a restart: leaders go home
  zoolog cluster elect-leaders --unclean --topic orders:0 nobody who has all records comes back`,
    )
    .action((flags: ElectFlags, command: Command) =>
      run(command, async (context) => {
        const { electLeaders } = await import("../commands/cluster/elect-leaders.ts");
        await electLeaders(context, flags);
      }),
    );
}

/** Beside `zoolog broker`, which runs one. */
export function addBrokerCommands(broker: Command, run: RunCommand): void {
  broker
    .command("list")
    .description("the brokers of the cluster, what they lead and hold")
    .action((_flags: unknown, command: Command) =>
      run(command, async (context) => {
        const { listBrokers } = await import("../commands/broker/list.ts");
        await listBrokers(context);
      }),
    );
  broker
    .command("describe")
    .argument("<broker>", "its id", wholeNumber("broker", 0, BROKER_ID_MAX))
    .description("one broker: disk, leaders, groups, epochs")
    .action((brokerId: number, _flags: unknown, command: Command) =>
      run(command, async (context) => {
        const { describeBroker } = await import("../commands/broker/describe.ts");
        await describeBroker(context, brokerId);
      }),
    );
}

type TopFlags = { readonly interval: number };

function addTop(program: Command, run: RunCommand): void {
  program
    .command("top")
    .description("live: brokers, busiest topics, groups furthest behind; q ends it")
    .addOption(
      new Option("--interval <time>", "between two looks")
        .argParser(duration("--interval"))
        .default(2_000, "2s"),
    )
    .addHelpText(
      "after",
      `
Where stdout is no terminal, and with -o json: one picture, made of two looks an interval apart.`,
    )
    .action((flags: TopFlags, command: Command) =>
      run(command, async (context) => {
        const { top } = await import("../commands/cluster/top.ts");
        await top(context, flags);
      }),
    );
}

type DoctorFlags = { readonly lag: number };

function addDoctor(program: Command, run: RunCommand): void {
  program
    .command("doctor")
    .description("what is wrong in the cluster, why it matters, and how to mend it")
    .addOption(
      new Option("--lag <time>", "a group that is further behind is worth a word")
        .argParser(duration("--lag"))
        .default(300_000, "5m"),
    )
    .addHelpText(
      "after",
      `
Exit code 0: nothing is wrong (notes do not count); 10: something is.

Examples:
  zoolog doctor
  zoolog doctor -o json | jq -r '.findings[].what'`,
    )
    .action((flags: DoctorFlags, command: Command) =>
      run(command, async (context) => {
        const { doctor } = await import("../commands/cluster/doctor.ts");
        await doctor(context, flags);
      }),
    );
}
