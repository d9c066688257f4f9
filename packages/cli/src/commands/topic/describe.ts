import type { TopicDescription } from "@zoolog/client";
import type { CommandContext } from "../../context.ts";
import { humanBytes, humanCount, plural } from "../../output/quantity.ts";
import { type Column, listLines } from "../../output/table.ts";
import { describedTopic, topicRow } from "./topic-row.ts";

/** What one broker holds of a partition. */
type ReplicaSize = { readonly brokerId: number; readonly sizeBytes: number };
type PartitionRow = TopicDescription["partitions"][number] & {
  readonly replicaSizes: readonly ReplicaSize[];
};

/** `zoolog topic describe TOPIC`: offsets from the leaders, sizes from all brokers. */
export async function describeTopic(context: CommandContext, topic: string): Promise<void> {
  await context.withClient(async (client) => {
    const known = await describedTopic(context, client, topic);
    const views = await client.admin.describeReplicas({ ...context.limits, topics: [topic] });
    const partitions = known.partitions.map((partition) => completed(partition, views));
    const description = { ...known, partitions };
    await context.output.one(description, ({ bold }) => {
      const row = topicRow(description);
      const { records, replicationFactor, sizeBytes } = row;
      const replicas = partitions.flatMap(({ replicaSizes }) => replicaSizes);
      const allBytes = replicas.reduce((sum, replica) => sum + replica.sizeBytes, 0);
      const summary = listLines(
        [
          ["topic", description.topic],
          ["id", description.topicId],
          ["partitions", partitions.length],
          ["replicas", replicationFactor],
          ["health", healthOf(partitions)],
          ["records", records === undefined ? undefined : humanCount(records)],
          ["size", sizeBytes === undefined ? undefined : humanBytes(sizeBytes)],
          ["all replicas", replicas.length === 0 ? undefined : humanBytes(allBytes)],
        ],
        bold,
      );
      const configs = Object.entries(description.configs)
        .filter(([, { source }]) => source !== "default")
        .map(([name, { source, value }]) => [name, `${value} (${source})`] as const);
      return [
        ...summary,
        ...(configs.length === 0 ? [] : ["", ...listLines(configs, bold)]),
        "",
        ...context.output.table(partitions, PARTITION_COLUMNS, bold),
        ...reasonLines(partitions),
      ];
    });
  });
}

/** Offsets and size as the leader knows them; who answered first may have no replica at all. */
function completed(
  partition: TopicDescription["partitions"][number],
  views: ReadonlyMap<number, readonly TopicDescription[]>,
): PartitionRow {
  const of = (brokerId: number) =>
    views.get(brokerId)?.[0]?.partitions.find((view) => view.partition === partition.partition);
  const replicaSizes = partition.replicas.flatMap((brokerId) => {
    const sizeBytes = of(brokerId)?.sizeBytes;
    return sizeBytes === undefined ? [] : [{ brokerId, sizeBytes }];
  });
  const leader = partition.leader === undefined ? undefined : of(partition.leader);
  const { highWatermark, logStartOffset, sizeBytes } = leader ?? partition;
  return {
    ...partition,
    ...(logStartOffset === undefined ? {} : { logStartOffset }),
    ...(highWatermark === undefined ? {} : { highWatermark }),
    ...(sizeBytes === undefined ? {} : { sizeBytes }),
    replicaSizes,
  };
}

const PARTITION_COLUMNS: readonly Column<PartitionRow>[] = [
  { title: "PARTITION", value: ({ partition }) => partition, align: "right" },
  { title: "LEADER", value: ({ leader }) => leader ?? "none", align: "right" },
  { title: "EPOCH", value: ({ leaderEpoch }) => leaderEpoch, align: "right" },
  { title: "REPLICAS", value: ({ replicas }) => replicas.join(",") },
  { title: "ISR", value: ({ isr }) => isr.join(",") },
  { title: "OFFLINE", value: ({ offlineReplicas }) => offlineReplicas.join(",") || undefined },
  { title: "START", value: ({ logStartOffset }) => logStartOffset, align: "right" },
  { title: "END", value: ({ highWatermark }) => highWatermark, align: "right" },
  {
    title: "SIZE",
    value: ({ sizeBytes }) => (sizeBytes === undefined ? undefined : humanBytes(sizeBytes)),
    align: "right",
  },
  {
    title: "SIZE OF EACH REPLICA",
    value: ({ replicaSizes }) =>
      replicaSizes
        .map(({ brokerId, sizeBytes }) => `${brokerId}: ${humanBytes(sizeBytes)}`)
        .join(", ") || undefined,
    wide: true,
  },
];

function healthOf(partitions: readonly PartitionRow[]): string {
  const offline = partitions.filter(({ leader }) => leader === undefined).length;
  const behind = partitions.filter(
    ({ leader, isr, replicas }) => leader !== undefined && isr.length < replicas.length,
  ).length;
  const faults = [
    ...(offline === 0 ? [] : [`${plural(offline, "partition")} OFFLINE`]),
    ...(behind === 0 ? [] : [`${plural(behind, "partition")} under-replicated`]),
  ];
  return faults.length === 0 ? "all partitions in sync" : faults.join(", ");
}

/** Why partitions are offline, or replicas of them. */
function reasonLines(partitions: readonly PartitionRow[]): string[] {
  const lines = partitions.flatMap(({ partition, offlineReason }) =>
    offlineReason === undefined ? [] : [`partition ${partition}: ${offlineReason}`],
  );
  return lines.length === 0 ? [] : ["", ...lines];
}
