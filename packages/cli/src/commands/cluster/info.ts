import type { ClusterDescription } from "@zoolog/client";
import type { CommandContext } from "../../context.ts";
import { plural } from "../../output/quantity.ts";
import { type Column, listLines, tableLines } from "../../output/table.ts";
import { kafkaAddressOf } from "../broker/kafka-address.ts";

type BrokerRow = ClusterDescription["brokers"][number];

const BROKER_COLUMNS: readonly Column<BrokerRow>[] = [
  { title: "BROKER", value: ({ brokerId }) => brokerId, align: "right" },
  { title: "ADDRESS", value: ({ url }) => url },
  { title: "KAFKA", value: kafkaAddressOf },
  { title: "RACK", value: ({ rack }) => rack },
];

function brokerColumns({ controllerId }: ClusterDescription): readonly Column<BrokerRow>[] {
  const role = ({ brokerId }: BrokerRow) => (brokerId === controllerId ? "controller" : undefined);
  return [...BROKER_COLUMNS, { title: "ROLE", value: role }];
}

/** `zoolog cluster info`: the health in one sentence first, then the figures. */
export async function clusterInfo(context: CommandContext): Promise<void> {
  await context.withClient(async ({ admin }) => {
    const cluster = await admin.describeCluster(context.limits);
    await context.output.one(cluster, ({ bold, green, yellow }) => {
      const healthy =
        cluster.offlinePartitionCount === 0 && cluster.underReplicatedPartitionCount === 0;
      return [
        (healthy ? green : yellow)(healthSentence(cluster)),
        "",
        ...listLines(
          [
            ["cluster id", cluster.clusterId],
            ["controller", cluster.controllerId],
            ["version", cluster.version],
            ["topics", cluster.topicCount],
            ["partitions", cluster.partitionCount],
          ],
          bold,
        ),
        "",
        ...tableLines(byId(cluster.brokers), brokerColumns(cluster), bold),
      ];
    });
  });
}

function byId(brokers: readonly BrokerRow[]): BrokerRow[] {
  return [...brokers].sort((a, b) => a.brokerId - b.brokerId);
}

function healthSentence(cluster: ClusterDescription): string {
  const brokers = plural(cluster.brokers.length, "broker");
  const offline = cluster.offlinePartitionCount;
  const behind = cluster.underReplicatedPartitionCount;
  // Who is offline is under-replicated as well, and counted once here.
  const faults = [
    ...(offline > 0 ? [`${plural(offline, "partition")} OFFLINE`] : []),
    ...(behind > offline ? [`${plural(behind - offline, "partition")} under-replicated`] : []),
  ];
  return `${brokers}, ${faults.length === 0 ? "all partitions in sync" : faults.join(", ")}`;
}
