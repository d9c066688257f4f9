import type { TopicPartition } from "@zoolog/base";
import { applyAll } from "../apply.ts";
import type { ControlledShutdownEvent } from "../controller-event.ts";
import { type Decision, replyTo } from "../decision.ts";
import type { BrokerImage } from "../image/cluster-image.ts";
import type { ObservedBroker } from "../observed-cluster.ts";
import type { BrokerReachabilityChanged, ControllerRecord } from "../state/controller-record.ts";
import type { ControllerState } from "../state/controller-state.ts";
import { reconcileCluster } from "./reconcile.ts";
import { staleBrokerEpoch } from "./refusals.ts";

/**
 * Compares who is registered with who was. A broker whose epoch changed between two looks was away
 * even though its id never was: elections see it by its new broker epoch.
 */
export function decideBrokersObserved(
  state: ControllerState,
  observed: readonly ObservedBroker[],
): Decision {
  const brokerRecords = brokerDifferences(state, observed);
  const next = applyAll(state, brokerRecords);
  const records =
    brokerRecords.length === 0
      ? []
      : [...brokerRecords, ...reconcileCluster(next, describe(state, brokerRecords))];
  return { records, replies: [], timers: [] };
}

function brokerDifferences(
  state: ControllerState,
  observed: readonly ObservedBroker[],
): ControllerRecord[] {
  const known = state.image.brokers;
  const records: ControllerRecord[] = [];
  const present = new Set(observed.map((broker) => broker.brokerId));
  for (const brokerId of known.keys()) {
    if (!present.has(brokerId)) records.push({ type: "brokerRemoved", brokerId });
  }
  for (const broker of observed) {
    const before = known.get(broker.brokerId);
    if (before?.brokerEpoch === broker.brokerEpoch) continue;
    records.push({ type: "brokerRegistered", broker: { ...broker, shuttingDown: false } });
  }
  return records;
}

function describe(state: ControllerState, records: readonly ControllerRecord[]): string {
  const changes = records.flatMap((record) => {
    if (record.type === "brokerRemoved") return [`broker ${record.brokerId} went away`];
    if (record.type !== "brokerRegistered") return [];
    const { brokerId } = record.broker;
    const bounced = state.image.brokers.has(brokerId);
    return [`broker ${brokerId} ${bounced ? "restarted" : "registered"}`];
  });
  return changes.join(", ");
}

/**
 * The process of a registered broker is gone, or there after all. Its leaderships and slots move at
 * once instead of at the end of its session; epochs make that safe should it be mistaken.
 */
export function decideReachability(
  state: ControllerState,
  event: BrokerReachabilityChanged,
): Decision {
  const { type, brokerId, brokerEpoch } = event;
  const isMarked = state.unreachable.has(brokerId);
  const isMeant = state.image.brokers.get(brokerId)?.brokerEpoch === brokerEpoch;
  // Whoever decides is there.
  const isSelf = brokerId === state.image.controllerId;
  if (!isMeant || isSelf || isMarked === (type === "brokerUnreachable")) {
    return { records: [], replies: [], timers: [] };
  }
  const marked: ControllerRecord = { type, brokerId, brokerEpoch };
  const cause =
    type === "brokerUnreachable"
      ? `broker ${brokerId} refuses connections`
      : `broker ${brokerId} is there again`;
  const records = [marked, ...reconcileCluster(applyAll(state, [marked]), cause)];
  return { records, replies: [], timers: [] };
}

/**
 * Takes all leaderships and slots from a broker that is about to leave, and takes it out of the ISRs, where
 * somebody else can do. The mark stays until it registers anew.
 */
export function decideControlledShutdown(
  state: ControllerState,
  event: ControlledShutdownEvent,
): Decision {
  const broker = state.image.brokers.get(event.brokerId);
  if (broker === undefined || broker.brokerEpoch !== event.brokerEpoch) {
    const error = staleBrokerEpoch(event, broker);
    return replyTo(event.requestId, { type: "controlledShutdown", error, remaining: [] });
  }
  const marked: ControllerRecord[] = broker.shuttingDown
    ? []
    : [{ type: "brokerRegistered", broker: { ...broker, shuttingDown: true } }];
  const leaving = applyAll(state, marked);
  const moved = reconcileCluster(leaving, `broker ${broker.brokerId} is shutting down`);
  const remaining = partitionsLedBy(applyAll(leaving, moved), broker);
  return {
    records: [...marked, ...moved],
    replies: [{ requestId: event.requestId, response: { type: "controlledShutdown", remaining } }],
    timers: [],
  };
}

function partitionsLedBy(state: ControllerState, broker: BrokerImage): TopicPartition[] {
  const led: TopicPartition[] = [];
  for (const topic of state.image.topics.values()) {
    for (const partition of topic.partitions) {
      if (partition.leader === broker.brokerId) {
        led.push({ topic: topic.name, partition: partition.partition });
      }
    }
  }
  return led;
}
