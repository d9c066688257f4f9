import type { GroupStateName } from "@zoolog/protocol";

/** As Kafka writes them. */
export const KAFKA_STATES: Readonly<Record<GroupStateName, string>> = {
  empty: "Empty",
  preparingRebalance: "PreparingRebalance",
  completingRebalance: "CompletingRebalance",
  assigning: "Assigning",
  reconciling: "Reconciling",
  stable: "Stable",
  dead: "Dead",
};

/** Clients write them as they like. */
export function stateNamed(name: string): GroupStateName | undefined {
  const lower = name.toLowerCase();
  const states = Object.keys(KAFKA_STATES) as GroupStateName[];
  return states.find((state) => KAFKA_STATES[state].toLowerCase() === lower);
}
