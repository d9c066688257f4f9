import type { CommandContext } from "../../context.ts";
import { plural } from "../../output/quantity.ts";
import { usageError } from "../../usage-error.ts";
import { describedTopic } from "./topic-row.ts";

export type AddPartitionsOptions = {
  /** How many altogether; instead of how many more. */
  readonly to?: number;
  readonly assign?: readonly (readonly number[])[];
  readonly validateOnly: boolean;
};

/** `zoolog topic partitions add TOPIC N`: N more than there are. */
export async function addPartitions(
  context: CommandContext,
  topic: string,
  more: number | undefined,
  { assign, to, validateOnly }: AddPartitionsOptions,
): Promise<void> {
  if ((more === undefined) === (to === undefined)) {
    throw usageError(
      "how many partitions was not said, or twice",
      "Name how many more, or with --to how many altogether.",
    );
  }
  await context.withClient(async (client) => {
    const before = (await describedTopic(context, client, topic)).partitions.length;
    const after = to ?? before + (more ?? 0);
    await client.admin.createPartitions(topic, after, {
      ...context.limits,
      validateOnly,
      ...(assign === undefined ? {} : { assignments: assign }),
    });
    await context.output.forPrograms({ topic, before, after, created: !validateOnly });
    const { colours, terminal } = context;
    const would = validateOnly ? "would have" : "has";
    terminal.talk(`topic ${topic} ${would} ${plural(after, "partition")}, ${after - before} more`);
    const why = "records of one key may go to another partition than those before them";
    if (!validateOnly) terminal.talk(`${colours.yellow("note:")} ${why}`);
  });
}
