import type { CommandContext } from "../../context.ts";
import { humanBytes } from "../../output/quantity.ts";
import { listLines } from "../../output/table.ts";
import { upFor } from "./list.ts";

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
      const { diskBytes, diskFreeBytes } = broker;
      const disk =
        diskBytes === undefined || diskFreeBytes === undefined
          ? undefined
          : `${humanBytes(diskFreeBytes)} free of ${humanBytes(diskBytes)}`;
      return listLines(
        [
          ["broker", broker.brokerId],
          ["address", broker.url],
          ["role", broker.isController ? "controller" : "broker"],
          ["rack", broker.rack],
          ["version", broker.version],
          ["up", upFor(broker.startedAt)],
          ["leaders", broker.leaders],
          ["replicas", `${broker.replicas}, ${broker.offlineReplicas} offline`],
          ["groups", `${broker.groups} in ${broker.coordinatorSlots} coordinator slots`],
          ["data folder", broker.dataFolder],
          ["logs", humanBytes(broker.logBytes)],
          ["disk", disk],
          ["epoch", broker.brokerEpoch],
          ["incarnation", broker.incarnation],
          ["boot", broker.bootId],
        ],
        bold,
      );
    });
  });
}
