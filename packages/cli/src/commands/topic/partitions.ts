import type { CommandContext } from "../../context.ts";
import { plural } from "../../output/quantity.ts";
import { describedTopic } from "./topic-row.ts";

export type AddPartitionsOptions = {
  readonly assign?: readonly (readonly number[])[];
  readonly validateOnly: boolean;
};

/** `zoolog topic partitions add TOPIC N`: N more than there are. */
export async function addPartitions(
  context: CommandContext,
  topic: string,
  more: number,
  { assign, validateOnly }: AddPartitionsOptions,
): Promise<void> {
  await context.withClient(async (client) => {
    const before = (await describedTopic(context, client, topic)).partitions.length;
    const after = before + more;
    await client.admin.createPartitions(topic, after, {
      ...context.limits,
      validateOnly,
      ...(assign === undefined ? {} : { assignments: assign }),
    });
    await context.output.forPrograms({ topic, before, after, created: !validateOnly });
    const { colours, terminal } = context;
    const would = validateOnly ? "would have" : "has";
    terminal.talk(`topic ${topic} ${would} ${plural(after, "partition")}, ${more} more`);
    const why = "records of one key may go to another partition than those before them";
    if (!validateOnly) terminal.talk(`${colours.yellow("note:")} ${why}`);
  });
}
