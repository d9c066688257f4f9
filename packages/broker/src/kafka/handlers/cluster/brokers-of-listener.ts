import type { BrokerId } from "@zoolog/base";
import type { BrokerAtListener } from "../../../broker-api.ts";

/**
 * Where clients send what changes the cluster. Every broker passes it on to the controller, so one
 * that the client can reach does while there is no other.
 */
export function administrator(
  controllerId: BrokerId | undefined,
  brokers: readonly BrokerAtListener[],
): BrokerId | undefined {
  const isReached = brokers.some(({ brokerId }) => brokerId === controllerId);
  return isReached ? controllerId : brokers[0]?.brokerId;
}
