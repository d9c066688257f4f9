import type { OffsetPoint } from "@zoolog/client";
import type { CommandContext } from "../../context.ts";
import { boundsOf, timestampOf } from "../../input/offset-point.ts";
import { humanCount, plural } from "../../output/quantity.ts";
import type { Column } from "../../output/table.ts";
import { aboutTopic } from "../../topic-meant.ts";

type OffsetsRow = {
  readonly topic: string;
  readonly partition: number;
  readonly start: number;
  readonly end: number;
  readonly records: number;
  /** With --at: the first record that is not older, missing when there is none. */
  readonly offset?: number;
  readonly timestamp?: number;
};

const COLUMNS: readonly Column<OffsetsRow>[] = [
  { title: "PARTITION", value: ({ partition }) => partition, align: "right" },
  { title: "START", value: ({ start }) => start, align: "right" },
  { title: "END", value: ({ end }) => end, align: "right" },
  { title: "RECORDS", value: ({ records }) => humanCount(records), align: "right" },
];

const AT_COLUMNS: readonly Column<OffsetsRow>[] = [
  ...COLUMNS,
  { title: "OFFSET", value: ({ offset }) => offset, align: "right" },
  {
    title: "TIMESTAMP",
    value: ({ timestamp }) => (timestamp === undefined ? undefined : iso(timestamp)),
  },
];

/** `zoolog topic offsets TOPIC [--at TIME]`: where partitions begin and end, and were at a time. */
export async function topicOffsets(
  context: CommandContext,
  topic: string,
  options: { readonly at?: OffsetPoint; readonly partition?: readonly number[] },
): Promise<void> {
  const { at, partition: partitions } = options;
  await context.withClient(async (client) => {
    const rows = await aboutTopic(context, client, topic, async () => {
      const bounds = await boundsOf(context, client, topic, partitions);
      const found =
        at?.at === "time" || at?.at === "ago"
          ? await client.admin.listOffsets(
              topic,
              { timestamp: timestampOf(at) },
              { ...context.limits, partitions: [...bounds.keys()] },
            )
          : undefined;
      return [...bounds].map(([partition, { end, start }]): OffsetsRow => {
        const { offset, timestamp } = found?.get(partition) ?? {};
        return {
          topic,
          partition,
          start,
          end,
          records: end - start,
          ...(offset === undefined ? {} : { offset }),
          ...(timestamp === undefined ? {} : { timestamp }),
        };
      });
    });
    await context.output.rows(rows, at === undefined ? COLUMNS : AT_COLUMNS);
    const total = rows.reduce((sum, { records }) => sum + records, 0);
    context.terminal.talk(`${plural(total, "offset")} in ${plural(rows.length, "partition")}`);
  });
}

function iso(timestamp: number): string {
  return new Date(timestamp).toISOString();
}
