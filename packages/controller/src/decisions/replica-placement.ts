import type { BrokerId } from "@zoolog/base";
import type { Refusal } from "../controller-response.ts";
import type { BrokerImage } from "../image/cluster-image.ts";
import type { ControllerState } from "../state/controller-state.ts";
import { refusal } from "./refusals.ts";

/** What new topics and new partitions of old ones have in common: where replicas may go. */

export type Assignment =
  | { readonly replicas: readonly (readonly BrokerId[])[] }
  | { readonly error: Refusal };

/** A topic's whole assignment stands in one znode, which must stay well below 1 MiB. */
export const REPLICAS_PER_TOPIC_MAX = 30_000;

/** The brokers that may be given replicas, as many as the factor asks for at least. */
export function placeableBrokers(
  state: ControllerState,
  options: {
    readonly replicationFactor: number;
    /** Brokers whose disks take nothing more, with what they say. */
    readonly fullBrokers: ReadonlyMap<BrokerId, string> | undefined;
  },
): { readonly brokers: readonly BrokerImage[] } | { readonly error: Refusal } {
  const { replicationFactor, fullBrokers } = options;
  const staying = [...state.image.brokers.values()].filter((broker) => !broker.shuttingDown);
  const reachable = staying.filter(({ brokerId }) => !state.unreachable.has(brokerId));
  // Who restarts right now gets replicas only where there are too few others.
  const brokers = replicationFactor > reachable.length ? staying : reachable;
  if (replicationFactor > brokers.length) {
    return refused(
      "INVALID_REPLICATION_FACTOR",
      `replication factor ${replicationFactor} needs ${replicationFactor} brokers, ${thereAre(brokers)}`,
    );
  }
  const roomy = brokers.filter(({ brokerId }) => fullBrokers?.has(brokerId) !== true);
  if (roomy.length < replicationFactor) {
    const full = [...(fullBrokers ?? [])].map(([brokerId, why]) => `broker ${brokerId}: ${why}`);
    const message = `replication factor ${replicationFactor} needs ${replicationFactor} brokers with room, ${thereAre(roomy)}; ${full.join("; ")}`;
    return refused("KAFKA_STORAGE_ERROR", message);
  }
  return { brokers: roomy };
}

/** What is wrong with the replicas somebody chose for one partition, as the end of a sentence. */
export function manualReplicasFault(
  state: ControllerState,
  brokerIds: readonly BrokerId[],
  factor: number,
): string | undefined {
  if (brokerIds.length === 0) return "has no replica";
  if (brokerIds.length !== factor) {
    return `has ${brokerIds.length} replicas, the first partition ${factor}`;
  }
  if (new Set(brokerIds).size !== brokerIds.length) return "has two replicas on one broker";
  const unknown = brokerIds.find((brokerId) => !state.image.brokers.has(brokerId));
  if (unknown !== undefined) return `names broker ${unknown}, which is not registered`;
  return nobodyAnswers(state, brokerIds) ? "has no replica on a broker that answers" : undefined;
}

/** Chosen replicas, if each partition has somebody to lead it: else nobody would be in its ISR. */
export function ledFromTheStart(
  state: ControllerState,
  replicas: readonly (readonly BrokerId[])[],
): Assignment {
  if (!replicas.some((brokerIds) => nobodyAnswers(state, brokerIds))) return { replicas };
  const silent = [...state.unreachable.keys()].sort((a, b) => a - b).join(", ");
  const message = `too few brokers answer, try again when these are back: ${silent}`;
  return refused("INVALID_REPLICATION_FACTOR", message);
}

function nobodyAnswers(state: ControllerState, brokerIds: readonly BrokerId[]): boolean {
  return brokerIds.every((brokerId) => state.unreachable.has(brokerId));
}

export function tooManyReplicas(): { readonly error: Refusal } {
  const message = `a topic has at most ${REPLICAS_PER_TOPIC_MAX} replicas, all partitions together`;
  return refused("INVALID_PARTITIONS", message);
}

export function refused(code: Refusal["code"], message: string): { readonly error: Refusal } {
  return { error: refusal(code, message) };
}

function thereAre({ length }: readonly unknown[]): string {
  return `there ${length === 1 ? "is" : "are"} ${length}`;
}
