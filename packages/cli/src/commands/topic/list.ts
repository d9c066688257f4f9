import type { CommandContext } from "../../context.ts";
import { humanBytes, humanCount } from "../../output/quantity.ts";
import type { Column } from "../../output/table.ts";
import { type TopicRow, topicRow } from "./topic-row.ts";

const TOPIC_COLUMNS: readonly Column<TopicRow>[] = [
  { title: "TOPIC", value: ({ topic }) => topic },
  { title: "PARTITIONS", value: ({ partitions }) => partitions, align: "right" },
  { title: "REPLICAS", value: (row) => row.replicationFactor, align: "right" },
  {
    title: "RECORDS",
    value: ({ records }) => (records === undefined ? undefined : humanCount(records)),
    align: "right",
  },
  {
    title: "SIZE",
    value: ({ sizeBytes }) => (sizeBytes === undefined ? undefined : humanBytes(sizeBytes)),
    align: "right",
  },
];

export async function listTopics(
  context: CommandContext,
  options: { readonly internal: boolean },
): Promise<void> {
  await context.withClient(async ({ admin }) => {
    const topics = await admin.listTopics(context.limits);
    const shown = topics.filter(({ isInternal }) => options.internal || !isInternal);
    await context.output.rows(shown.map(topicRow), TOPIC_COLUMNS);
    if (shown.length === 0)
      context.terminal.talk("no topics; `zoolog topic create NAME` makes one");
  });
}
