import type { OffsetPoint } from "@zoolog/client";
import { type Command, Option } from "commander";
import { several, topicName, usageError, wholeNumber } from "../usage-error.ts";
import type { RunCommand } from "./run-command.ts";

const text = (value: string): string => value;
const PARTITION_MAX = 2 ** 31 - 1;
/** Of one topic: as many as a list of the native plane has. */
const PARTITIONS_MAX = 10_000;
const partitions = several(wholeNumber("--partition", 0, PARTITION_MAX));

type CreateFlags = {
  readonly partitions?: number;
  readonly replicationFactor?: number;
  readonly config?: readonly string[];
  readonly ifNotExists: boolean;
  readonly validateOnly: boolean;
};

type DeleteFlags = { readonly yes: boolean; readonly ifExists: boolean };

export function addTopicCommands(program: Command, run: RunCommand): void {
  const topic = program.command("topic").description("topics: make, look at, change, delete");
  addCreate(topic, run);
  topic
    .command("list")
    .description("all topics")
    .option("--internal", "internal topics, too", false)
    .action((flags: { readonly internal: boolean }, command: Command) =>
      run(command, async (context) => {
        const { listTopics } = await import("../commands/topic/list.ts");
        await listTopics(context, flags);
      }),
    );
  topic
    .command("describe")
    .argument("<topic>", "which one", topicName)
    .description("settings, leaders, replicas, offsets and sizes of a topic")
    .action((name: string, _flags: unknown, command: Command) =>
      run(command, async (context) => {
        const { describeTopic } = await import("../commands/topic/describe.ts");
        await describeTopic(context, name);
      }),
    );
  addAlter(topic, run);
  addPartitionsCommands(topic, run);
  addOffsets(topic, run);
  addTrim(topic, run);
  topic
    .command("delete")
    .argument("<topics...>", "one or more", several(topicName))
    .description("delete topics and their records for good")
    .option("-y, --yes", "do not ask", false)
    .option("--if-exists", "succeed when there is no such topic", false)
    .action((names: string[], flags: DeleteFlags, command: Command) =>
      run(command, async (context) => {
        const { deleteTopics } = await import("../commands/topic/delete.ts");
        await deleteTopics(context, names, flags);
      }),
    );
}

function addCreate(topic: Command, run: RunCommand): void {
  topic
    .command("create")
    .argument("<topic>", "letters, digits, '.', '_' and '-'", topicName)
    .description("create a topic")
    .option("-p, --partitions <n>", "how many", wholeNumber("--partitions", 1, PARTITIONS_MAX))
    .option(
      "-r, --replication-factor <n>",
      "replicas of each partition",
      wholeNumber("--replication-factor", 1, 32_767),
    )
    .option("-c, --config <name=value>", "a topic setting; repeatable", several(text))
    .option("--if-not-exists", "succeed when it exists already", false)
    .option("--validate-only", "check everything, create nothing", false)
    .addHelpText(
      "after",
      `
Examples:
  zoolog topic create orders --partitions 6 --replication-factor 3
  zoolog topic create orders -c retention.ms=86400000 -c min.insync.replicas=2`,
    )
    .action((name: string, flags: CreateFlags, command: Command) =>
      run(command, async (context) => {
        const { createTopic } = await import("../commands/topic/create.ts");
        await createTopic(context, name, flags);
      }),
    );
}

type AlterFlags = {
  readonly config?: readonly string[];
  readonly unset?: readonly string[];
  readonly validateOnly: boolean;
};

function addAlter(topic: Command, run: RunCommand): void {
  topic
    .command("alter")
    .argument("<topic>", "which one", topicName)
    .description("change settings of a topic; in force at once")
    .option("-c, --config <name=value>", "set; repeatable", several(text))
    .option("--unset <name>", "back to what holds without it; repeatable", several(text))
    .option("--validate-only", "check everything, change nothing", false)
    .addHelpText(
      "after",
      `
Examples:
  zoolog topic alter orders -c retention.ms=86400000 --unset segment.bytes
  zoolog topic partitions add orders --total 6   more partitions are no setting`,
    )
    .action((name: string, flags: AlterFlags, command: Command) =>
      run(command, async (context) => {
        const { alterTopic } = await import("../commands/topic/alter.ts");
        await alterTopic(context, name, flags);
      }),
    );
}

type AddFlags = {
  readonly total?: number;
  readonly more?: number;
  readonly assign?: readonly (readonly number[])[];
  readonly yes: boolean;
  readonly validateOnly: boolean;
};

function addPartitionsCommands(topic: Command, run: RunCommand): void {
  topic
    .command("partitions")
    .description("partitions of a topic")
    .command("add")
    .argument("<topic>", "to which one", topicName)
    .argument("[n]", "refused: it does not say whether it is the total")
    .description("give a topic more partitions; there is no way back")
    .option("--total <n>", "how many altogether", wholeNumber("--total", 1, PARTITIONS_MAX))
    .option("--more <n>", "how many more than there are", wholeNumber("--more", 1, PARTITIONS_MAX))
    .option(
      "--assign <brokers>",
      "replicas of one new partition, the preferred leader first: 1,2,3; repeatable",
      several(brokerIds),
    )
    .option("-y, --yes", "do not ask", false)
    .option("--validate-only", "check everything, create nothing", false)
    .addHelpText(
      "after",
      `
Records of one key may go to another partition than the ones before them: who relies on the order of
a key lets consumers finish first.

Examples:
  zoolog topic partitions add orders --total 6
  zoolog topic partitions add orders --more 2 --assign 1,2,3 --assign 2,3,1`,
    )
    .action((name: string, bare: string | undefined, flags: AddFlags, command: Command) =>
      run(command, async (context) => {
        const { addPartitions } = await import("../commands/topic/partitions.ts");
        await addPartitions(context, name, { ...flags, ...(bare && { bare }) });
      }),
    );
}

type OffsetsFlags = { readonly at?: string; readonly partition?: readonly number[] };

function addOffsets(topic: Command, run: RunCommand): void {
  topic
    .command("offsets")
    .argument("<topic>", "which one", topicName)
    .description("where partitions begin and end, and were at a time")
    .option("--at <time>", "also the first record not older: 2026-01-31T10:00, -1h, ms since 1970")
    .option("-p, --partition <n>", "only this one; repeatable", partitions)
    .addHelpText(
      "after",
      `
Examples:
  zoolog topic offsets orders
  zoolog topic offsets orders --at -1h -o csv`,
    )
    .action((name: string, { at, ...flags }: OffsetsFlags, command: Command) =>
      run(command, async (context) => {
        const { topicOffsets } = await import("../commands/topic/offsets.ts");
        const { timePoint } = await import("../input/offset-point.ts");
        const point: OffsetPoint | undefined = at === undefined ? undefined : timePoint("--at", at);
        await topicOffsets(context, name, {
          ...flags,
          ...(point === undefined ? {} : { at: point }),
        });
      }),
    );
}

type TrimFlags = {
  readonly before: string;
  readonly partition?: readonly number[];
  readonly yes: boolean;
};

function addTrim(topic: Command, run: RunCommand): void {
  topic
    .command("trim")
    .argument("<topic>", "which one", topicName)
    .description("delete the oldest records for good")
    .addOption(
      new Option(
        "--before <where>",
        "what to keep begins here: 42, -1000 (the last thousand), @-7d, @2026-01-31, end (nothing)",
      ).makeOptionMandatory(),
    )
    .option("-p, --partition <n>", "only this one; repeatable", partitions)
    .option("-y, --yes", "do not ask", false)
    .addHelpText(
      "after",
      `
Examples:
  zoolog topic trim orders --before @-7d
  zoolog topic trim orders --before end --yes          all records
  zoolog topic trim orders --before 1200 --partition 0`,
    )
    .action((name: string, { before, ...flags }: TrimFlags, command: Command) =>
      run(command, async (context) => {
        const { trimTopic } = await import("../commands/topic/trim.ts");
        const { offsetPoint } = await import("../input/offset-point.ts");
        await trimTopic(context, name, { ...flags, before: offsetPoint(before) });
      }),
    );
}

function brokerIds(list: string): number[] {
  const ids = list.split(",");
  if (ids.every((id) => /^\d{1,9}$/.test(id))) return ids.map(Number);
  throw usageError(`--assign takes ids of brokers, such as 1,2,3, not "${list}"`);
}
