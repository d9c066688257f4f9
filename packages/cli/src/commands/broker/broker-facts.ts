import type { BrokerDescription, Client, ClusterDescription } from "@zoolog/client";
import type { CommandContext } from "../../context.ts";

type Registered = ClusterDescription["brokers"][number];

/** What is registered of a broker, and what it says of itself when it answers. */
export type BrokerFacts = Registered &
  Partial<Omit<BrokerDescription, "brokerId" | "rack">> & {
    readonly isController: boolean;
    /** Why it says nothing of itself. */
    readonly silent?: string;
  };

/** Somebody waits for the list: a frozen broker is shown as one that is silent. */
const ANSWER_TIMEOUT_MS = 3_000;

export async function brokerFacts(
  { limits }: CommandContext,
  { admin }: Client,
  cluster: ClusterDescription,
): Promise<BrokerFacts[]> {
  const timeoutMs = Math.min(limits.timeoutMs, ANSWER_TIMEOUT_MS);
  const facts = cluster.brokers.map(async (registered): Promise<BrokerFacts> => {
    const isController = registered.brokerId === cluster.controllerId;
    try {
      const own = await admin.describeBroker(registered.brokerId, { ...limits, timeoutMs });
      return { ...registered, ...own, isController };
    } catch (error) {
      limits.signal.throwIfAborted();
      const silent = error instanceof Error ? error.message : String(error);
      return { ...registered, isController, silent };
    }
  });
  return (await Promise.all(facts)).sort((a, b) => a.brokerId - b.brokerId);
}
