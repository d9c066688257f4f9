import type { ResetTarget } from "@zoolog/client";
import { type Command, Option } from "commander";
import { type PartitionChoice, partitionChoice } from "../input/partition-choice.ts";
import { duration, groupName, oneOf, several, usageError } from "../usage-error.ts";
import type { RunCommand } from "./run-command.ts";

const STATES = [
  "empty",
  "preparingRebalance",
  "completingRebalance",
  "assigning",
  "reconciling",
  "stable",
  "dead",
] as const;
const TYPES = ["classic", "consumer"] as const;

export function addGroupCommands(program: Command, run: RunCommand): void {
  const group = program
    .command("group")
    .description("consumer groups: how far they are, who is in them, where they go on");
  addLooks(group, run);
  addLag(group, run);
  addReset(group, run);
  addTransfer(group, run);
  addDelete(group, run);
}

type ListFlags = {
  readonly state?: readonly (typeof STATES)[number][];
  readonly type?: readonly (typeof TYPES)[number][];
};

function addLooks(group: Command, run: RunCommand): void {
  group
    .command("list")
    .description("all groups")
    .addOption(oneOfOption("--state <state>", STATES))
    .addOption(oneOfOption("--type <type>", TYPES))
    .action((flags: ListFlags, command: Command) =>
      run(command, async (context) => {
        const { listGroups } = await import("../commands/group/list.ts");
        await listGroups(context, flags);
      }),
    );
  group
    .command("describe")
    .argument("<group>", "which one", groupName)
    .description("state, members and lag of a group")
    .action((name: string, _flags: unknown, command: Command) =>
      run(command, async (context) => {
        const { describeGroup } = await import("../commands/group/describe.ts");
        await describeGroup(context, name);
      }),
    );
  group
    .command("members")
    .argument("<group>", "which one", groupName)
    .description("who is in a group, and reads what")
    .action((name: string, _flags: unknown, command: Command) =>
      run(command, async (context) => {
        const { groupMembers } = await import("../commands/group/members.ts");
        await groupMembers(context, name);
      }),
    );
}

type LagFlags = { readonly watch: boolean; readonly interval: number };

function addLag(group: Command, run: RunCommand): void {
  group
    .command("lag")
    .argument("[groups...]", "which ones; without names all of them", several(groupName))
    .description("how far groups are behind, in records and in time")
    .option("-w, --watch", "look again and again, until Ctrl-C or q", false)
    .addOption(
      new Option("--interval <time>", "between two looks")
        .argParser(duration("--interval"))
        .default(2_000, "2s"),
    )
    .addHelpText(
      "after",
      `
Examples:
  zoolog group lag                       a line per group, those furthest behind first
  zoolog group lag billing --watch       live, with where it goes
  zoolog group lag --watch -o ndjson     for programs: a line per group and look`,
    )
    .action((names: string[], flags: LagFlags, command: Command) =>
      run(command, async (context) => {
        const { groupLag } = await import("../commands/group/lag.ts");
        await groupLag(context, names, flags);
      }),
    );
}

type ResetFlags = {
  readonly toOffset?: string;
  readonly toTime?: string;
  readonly byDuration?: string;
  readonly toStart?: boolean;
  readonly toEnd?: boolean;
  readonly toCurrent?: boolean;
  readonly shiftBy?: string;
  readonly topic?: readonly PartitionChoice[];
  readonly execute: boolean;
};

function addReset(group: Command, run: RunCommand): void {
  group
    .command("reset")
    .argument("<group>", "which one", groupName)
    .description("rewind or skip a group without members; a dry run unless --execute")
    .option("--to-start", "to the first record that is there")
    .option("--to-end", "past the last record")
    .option("--to-offset <n>", "to this offset")
    .option(
      "--to-time <time>",
      "to the first record not older: 2026-01-31T10:00 (UTC), ms since 1970",
    )
    .option("--by-duration <time>", "to the first record that is younger: 90s, 1h, 1d12h")
    .option("--shift-by <n>", "so many records on, or back: -100")
    .option("--to-current", "where it is")
    .option(
      "-t, --topic <topic[:p,p]>",
      "only these; repeatable. Without: all that it has committed",
      several(partitionChoice),
    )
    .option("--execute", "do it", false)
    .addHelpText(
      "after",
      `
The plan shows each partition before, after, and the records in between. Offsets that are not there
become the nearest end. A group with members is refused: it would overwrite what you set.

Examples:
  zoolog group reset billing --by-duration 1h
  zoolog group reset billing --to-time 2026-01-31T10:00 --topic orders --execute
  zoolog group reset billing --shift-by -100 --topic orders:0,2 --execute
  zoolog group reset replay --to-start --topic orders --execute     also makes a new group`,
    )
    .action((name: string, flags: ResetFlags, command: Command) =>
      run(command, async (context) => {
        const target = await targetOf(flags);
        const { resetGroup } = await import("../commands/group/reset.ts");
        const { execute, topic } = flags;
        await resetGroup(context, name, { target, execute, ...(topic && { topic }) });
      }),
    );
}

/** Exactly one of the flags that say where to. @throws ZoologError `USAGE`, `INVALID_OFFSETS` */
async function targetOf(flags: ResetFlags): Promise<ResetTarget> {
  const { agoPoint, timePoint } = await import("../input/offset-point.ts");
  const { byDuration, shiftBy, toOffset, toTime } = flags;
  const targets: ResetTarget[] = [];
  if (flags.toStart) targets.push("start");
  if (flags.toEnd) targets.push("end");
  if (flags.toCurrent) targets.push("current");
  if (toOffset !== undefined) targets.push(integer("--to-offset", toOffset, /^\d+$/));
  if (toTime !== undefined) targets.push(timePoint("--to-time", toTime));
  if (byDuration !== undefined) targets.push(agoPoint("--by-duration", byDuration));
  if (shiftBy !== undefined) {
    targets.push({ shiftBy: integer("--shift-by", shiftBy, /^[+-]?\d+$/) });
  }
  const [target] = targets;
  if (target !== undefined && targets.length === 1) return target;
  throw usageError(
    targets.length === 0 ? "where to was not said" : "more than one place was named",
    "Choose one of --to-start, --to-end, --to-offset, --to-time, --by-duration, --shift-by, --to-current.",
  );
}

function integer(flag: string, given: string, form: RegExp): number {
  const value = Number(given);
  if (form.test(given) && Number.isSafeInteger(value)) return value;
  throw usageError(`${flag} must be a whole number, not "${given}"`);
}

function addTransfer(group: Command, run: RunCommand): void {
  group
    .command("export")
    .argument("<group>", "which one", groupName)
    .description("its committed offsets, as CSV or what -o says, for a file")
    .addHelpText(
      "after",
      `
Examples:
  zoolog group export billing > billing.csv
  zoolog group import billing-copy billing.csv --execute`,
    )
    .action((name: string, _flags: unknown, command: Command) =>
      run(command, async (context) => {
        const { exportGroup } = await import("../commands/group/export.ts");
        await exportGroup(context, name);
      }),
    );
  group
    .command("import")
    .argument("<group>", "which one; it may be new", groupName)
    .argument("<file>", "what export wrote, or Kafka's topic,partition,offset lines; -: stdin")
    .description("set committed offsets from a file; a dry run unless --execute")
    .option("--execute", "do it", false)
    .action((name: string, file: string, flags: { readonly execute: boolean }, command: Command) =>
      run(command, async (context) => {
        const { importGroup } = await import("../commands/group/import.ts");
        await importGroup(context, name, file, flags);
      }),
    );
}

type DeleteFlags = { readonly topic?: readonly PartitionChoice[]; readonly yes: boolean };

function addDelete(group: Command, run: RunCommand): void {
  group
    .command("delete")
    .argument("<groups...>", "one or more, without members", several(groupName))
    .description("delete groups with all their offsets")
    .option(
      "-t, --topic <topic[:p,p]>",
      "forget only where the group goes on in these; repeatable",
      several(partitionChoice),
    )
    .option("-y, --yes", "do not ask", false)
    .action((names: string[], flags: DeleteFlags, command: Command) =>
      run(command, async (context) => {
        const { deleteGroups } = await import("../commands/group/delete.ts");
        await deleteGroups(context, names, flags);
      }),
    );
}

function oneOfOption(flags: string, names: readonly string[]): Option {
  const [flag = ""] = flags.split(" ");
  const read = oneOf(flag, names);
  const parser = several(read);
  return new Option(flags, `only these: ${names.join(", ")}; repeatable`).argParser(
    Object.assign(parser, { names }),
  );
}
