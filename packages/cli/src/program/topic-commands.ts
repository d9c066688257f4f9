import type { Command } from "commander";
import { several, topicName, wholeNumber } from "../usage-error.ts";
import type { RunCommand } from "./run-command.ts";

const text = (value: string): string => value;

type CreateFlags = {
  readonly partitions?: number;
  readonly replicationFactor?: number;
  readonly config?: readonly string[];
  readonly ifNotExists: boolean;
  readonly validateOnly: boolean;
};

export function addTopicCommands(program: Command, run: RunCommand): void {
  const topic = program.command("topic").description("create, list, describe and delete topics");
  topic
    .command("create")
    .argument("<topic>", "letters, digits, '.', '_' and '-'", topicName)
    .description("create a topic")
    .option("-p, --partitions <n>", "how many", wholeNumber("--partitions", 1, 10_000))
    .option(
      "-r, --replication-factor <n>",
      "replicas of each partition",
      wholeNumber("--replication-factor", 1, 32_767),
    )
    .option("-c, --config <name=value>", "a topic setting; repeatable", several(text))
    .option("--if-not-exists", "succeed when it exists already", false)
    .option("--validate-only", "check everything, create nothing", false)
    .action((name: string, flags: CreateFlags, command: Command) =>
      run(command, async (context) => {
        const { createTopic } = await import("../commands/topic.ts");
        await createTopic(context, name, flags);
      }),
    );
  topic
    .command("list")
    .description("all topics")
    .option("--internal", "internal topics, too", false)
    .action((flags: { readonly internal: boolean }, command: Command) =>
      run(command, async (context) => {
        const { listTopics } = await import("../commands/topic.ts");
        await listTopics(context, flags);
      }),
    );
  topic
    .command("describe")
    .argument("<topic>", "which one", topicName)
    .description("settings, leaders, replicas and offsets of a topic")
    .action((name: string, _flags: unknown, command: Command) =>
      run(command, async (context) => {
        const { describeTopic } = await import("../commands/topic.ts");
        await describeTopic(context, name);
      }),
    );
  topic
    .command("delete")
    .argument("<topics...>", "one or more", several(topicName))
    .description("delete topics and their records for good")
    .option("-y, --yes", "do not ask", false)
    .action((names: string[], flags: { readonly yes: boolean }, command: Command) =>
      run(command, async (context) => {
        const { deleteTopics } = await import("../commands/topic.ts");
        await deleteTopics(context, names, flags);
      }),
    );
}

export function addClusterCommands(program: Command, run: RunCommand): void {
  const cluster = program.command("cluster").description("the cluster at a glance");
  cluster
    .command("info")
    .description("brokers, controller, and whether all partitions are well")
    .action((_flags: unknown, command: Command) =>
      run(command, async (context) => {
        const { clusterInfo } = await import("../commands/cluster-info.ts");
        await clusterInfo(context);
      }),
    );
}
