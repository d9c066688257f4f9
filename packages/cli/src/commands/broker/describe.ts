import type { BrokerDescription } from "@zoolog/client";
import type { CommandContext } from "../../context.ts";
import { humanBytes, humanDuration, plural } from "../../output/quantity.ts";
import { listLines } from "../../output/table.ts";
import { kafkaAddressOf } from "./kafka-address.ts";
import { upFor } from "./list.ts";

type Disk = Pick<BrokerDescription, "diskFreeBytes" | "diskReservedBytes" | "diskTotalBytes">;

/** `zoolog broker describe ID` */
export async function describeBroker(context: CommandContext, brokerId: number): Promise<void> {
  await context.withClient(async ({ admin }) => {
    const [own, cluster] = await Promise.all([
      admin.describeBroker(brokerId, context.limits),
      admin.describeCluster(context.limits),
    ]);
    const registered = cluster.brokers.find((broker) => broker.brokerId === brokerId);
    const broker = { ...own, ...registered };
    await context.output.one(broker, ({ bold }) => {
      const { zookeeper } = broker;
      const lease = humanDuration(zookeeper.leaseRemainingMs);
      return listLines(
        [
          ["broker", broker.brokerId],
          ["address", broker.url],
          ["for Kafka", kafkaAddressOf(broker)],
          ["role", broker.isController ? "controller" : "broker"],
          ["rack", broker.rack],
          ["version", broker.version],
          ["up", upFor(broker.startedAt)],
          ["leaders", broker.leaders],
          ["replicas", `${broker.replicas}, ${broker.offlineReplicas} offline`],
          ["coordinates", `${broker.coordinatorSlots} slots of groups`],
          ["ZooKeeper", `${zookeeper.state}, the session lasts ${lease} more`],
          ["data folder", broker.dataFolder],
          ["logs", `${humanBytes(broker.logBytes)} in ${plural(broker.segments, "segment")}`],
          ["disk", diskOf(broker)],
          ["memory", `${humanBytes(broker.residentBytes)}, ${humanBytes(broker.heapBytes)} heap`],
          ["open files", broker.openFiles],
          ["epoch", broker.brokerEpoch],
          ["incarnation", broker.incarnation],
          ["boot", broker.bootId],
        ],
        bold,
      );
    });
  });
}

function diskOf({ diskFreeBytes, diskReservedBytes, diskTotalBytes }: Disk): string | undefined {
  if (diskFreeBytes === undefined) return undefined;
  const free = `${humanBytes(diskFreeBytes)} free`;
  const total = diskTotalBytes === undefined ? "" : ` of ${humanBytes(diskTotalBytes)}`;
  const kept = diskReservedBytes ? `, ${humanBytes(diskReservedBytes)} reserved` : "";
  return `${free}${total}${kept}`;
}
