import type { BrokerId } from "@zoolog/base";
import { effectiveMinInsyncReplicas } from "./high-watermark.ts";
import type { LeaderState } from "./partition-state.ts";

/** Why an `acks=all` append cannot be safe now; nothing when it can. */
export function missingReplicas(
  leader: LeaderState,
  config: { readonly minInsyncReplicas: number },
): string | undefined {
  const needed = effectiveMinInsyncReplicas(config.minInsyncReplicas, leader.replicas.length);
  if (leader.isr.length >= needed) return undefined;
  return `${leader.isr.length} of ${needed} replicas are in sync (min.insync.replicas)`;
}

/** The members besides the leader; who was known before keeps its progress. */
export function otherMembers(
  isr: readonly BrokerId[],
  leader: BrokerId,
  known: LeaderState["followerEndOffsets"] = new Map(),
): LeaderState["followerEndOffsets"] {
  const others = isr.filter((member) => member !== leader);
  return new Map(others.map((member) => [member, known.get(member)]));
}
