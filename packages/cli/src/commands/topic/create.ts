import { errorCode } from "@zoolog/base";
import type { NewTopic, TopicDescription } from "@zoolog/client";
import type { CommandContext } from "../../context.ts";
import { plural } from "../../output/quantity.ts";
import { settingsOf } from "./settings.ts";
import { topicRow } from "./topic-row.ts";

export type CreateOptions = {
  readonly partitions?: number;
  readonly replicationFactor?: number;
  readonly config?: readonly string[];
  readonly ifNotExists: boolean;
  readonly validateOnly: boolean;
};

export async function createTopic(
  context: CommandContext,
  topic: string,
  options: CreateOptions,
): Promise<void> {
  const { partitions, replicationFactor, validateOnly } = options;
  const newTopic: NewTopic = {
    topic,
    ...(partitions === undefined ? {} : { partitions }),
    ...(replicationFactor === undefined ? {} : { replicationFactor }),
    ...(options.config === undefined ? {} : { configs: settingsOf(options.config) }),
  };
  await context.withClient(async ({ admin }) => {
    try {
      const made = await admin.createTopic(newTopic, { ...context.limits, validateOnly });
      await context.output.forPrograms({ ...made, created: !validateOnly });
      context.terminal.talk(
        `topic ${topic} ${validateOnly ? "can be " : ""}created: ${size(made)}`,
      );
    } catch (error) {
      if (errorCode(error) !== "TOPIC_ALREADY_EXISTS" || !options.ifNotExists) throw error;
      const description = await admin.describeTopic(topic, context.limits);
      const { topicId } = description;
      const { partitions: count, replicationFactor: replicas } = topicRow(description);
      const there = { topic, topicId, partitions: count, replicationFactor: replicas };
      await context.output.forPrograms({ ...there, created: false });
      context.terminal.talk(`topic ${topic} exists already: ${size(there)}`);
      const { yellow } = context.colours;
      for (const difference of differences(options, description, there)) {
        context.terminal.talk(`${yellow("warning:")} ${difference}`);
      }
    }
  });
}

/** What was asked for and is otherwise in the topic that is there: it stays as it is. */
function differences(
  { config = [], partitions, replicationFactor }: CreateOptions,
  { configs }: TopicDescription,
  there: { readonly partitions: number; readonly replicationFactor: number },
): string[] {
  const asked: (readonly [string, string | number | undefined, string | number | undefined])[] = [
    ["partitions", partitions, there.partitions],
    ["replication factor", replicationFactor, there.replicationFactor],
    ...Object.entries(settingsOf(config)).map(
      ([name, value]) => [name, value, configs[name]?.value] as const,
    ),
  ];
  return asked
    .filter(([, wanted, is]) => wanted !== undefined && String(wanted) !== String(is))
    .map(
      ([name, wanted, is]) => `it has ${name} ${is ?? "unset"}, not ${wanted}; nothing was changed`,
    );
}

function size(topic: { readonly partitions: number; readonly replicationFactor: number }): string {
  const { partitions, replicationFactor } = topic;
  return `${plural(partitions, "partition")}, ${plural(replicationFactor, "replica")} each`;
}
