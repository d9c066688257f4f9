import { systemClock } from "@zoolog/host";
import type { CommandContext } from "../../context.ts";
import { humanBytes, humanDuration } from "../../output/quantity.ts";
import type { Column } from "../../output/table.ts";
import { type BrokerFacts, brokerFacts } from "./broker-facts.ts";
import { kafkaAddressOf } from "./kafka-address.ts";

const COLUMNS: readonly Column<BrokerFacts>[] = [
  { title: "BROKER", value: ({ brokerId }) => brokerId, align: "right" },
  { title: "ADDRESS", value: ({ host, port }) => `${host}:${port}` },
  { title: "ROLE", value: ({ isController }) => (isController ? "controller" : undefined) },
  { title: "LEADERS", value: ({ leaders }) => leaders, align: "right" },
  { title: "REPLICAS", value: ({ replicas }) => replicas, align: "right" },
  { title: "SIZE", value: ({ logBytes }) => bytes(logBytes), align: "right" },
  { title: "FREE", value: ({ diskFreeBytes }) => bytes(diskFreeBytes), align: "right" },
  { title: "UP", value: ({ startedAt }) => upFor(startedAt), align: "right" },
  { title: "KAFKA", value: kafkaAddressOf, wide: true },
  { title: "RACK", value: ({ rack }) => rack, wide: true },
  { title: "OFFLINE", value: (facts) => facts.offlineReplicas, align: "right", wide: true },
  { title: "SLOTS", value: (facts) => facts.coordinatorSlots, align: "right", wide: true },
  { title: "ZOOKEEPER", value: ({ zookeeper }) => zookeeper?.state, wide: true },
  { title: "VERSION", value: ({ version }) => version, wide: true },
  { title: "DATA", value: ({ dataFolder }) => dataFolder, wide: true },
];

/** `zoolog broker list` */
export async function listBrokers(context: CommandContext): Promise<void> {
  await context.withClient(async (client) => {
    const cluster = await client.admin.describeCluster(context.limits);
    const brokers = await brokerFacts(context, client, cluster);
    await context.output.rows(brokers, COLUMNS);
    for (const { brokerId, silent } of brokers) {
      if (silent !== undefined) context.terminal.talk(`broker ${brokerId} says nothing: ${silent}`);
    }
  });
}

export function upFor(startedAt: number | undefined): string | undefined {
  if (startedAt === undefined) return undefined;
  return humanDuration(Math.max(0, systemClock.now() - startedAt));
}

function bytes(count: number | undefined): string | undefined {
  return count === undefined ? undefined : humanBytes(count);
}
