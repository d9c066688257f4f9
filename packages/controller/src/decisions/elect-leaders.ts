import { type BrokerId, type TopicPartition, topicPartitionKey } from "@zoolog/base";
import type { ElectLeadersEvent } from "../controller-event.ts";
import type { ElectedLeader, Refusal } from "../controller-response.ts";
import type { Decision, TimerChange } from "../decision.ts";
import type { PartitionImage, TopicImage } from "../image/cluster-image.ts";
import {
  chooseUncleanLeader,
  isShuttingDown,
  type Leadership,
  mayLead,
  type Situation,
} from "../leaders/leader-election.ts";
import { leadershipChanged, situationOf } from "../leaders/partition-state.ts";
import type { ControllerRecord } from "../state/controller-record.ts";
import type { ControllerState } from "../state/controller-state.ts";
import { refusal, unknownPartition, unknownTopic } from "./refusals.ts";

/** An operator asks for elections (KIP-183, KIP-460). */
export function decideElectLeaders(state: ControllerState, event: ElectLeadersEvent): Decision {
  const reason = `${event.election} election asked for`;
  const asked = event.partitions ?? everyPartition(state);
  const { records, results } = electEach(state, { ...event, partitions: asked, reason });
  // Who asked for all wants to know about those that had a reason to move.
  const partitions = results.filter(
    (result) => event.partitions !== undefined || result.error?.code !== "ELECTION_NOT_NEEDED",
  );
  const { requestId } = event;
  const replies =
    requestId === undefined
      ? []
      : [{ requestId, response: { type: "electLeaders", partitions } as const }];
  return { records, replies, timers: [] };
}

function electEach(
  state: ControllerState,
  options: {
    readonly election: ElectLeadersEvent["election"];
    readonly partitions: readonly TopicPartition[];
    readonly reason: string;
  },
): { readonly records: ControllerRecord[]; readonly results: ElectedLeader[] } {
  const records: ControllerRecord[] = [];
  const choose = options.election === "preferred" ? preferred : unclean;
  const results = options.partitions.map((id): ElectedLeader => {
    const topic = state.image.topics.get(id.topic);
    if (topic === undefined) return { ...id, error: unknownTopic(id.topic) };
    const partition = topic.partitions[id.partition];
    if (partition === undefined) return { ...id, error: unknownPartition(id.topic, id.partition) };
    const unreadable = state.unreadable.get(topicPartitionKey(id));
    if (unreadable !== undefined) {
      return { ...id, error: refusal("ELIGIBLE_LEADERS_NOT_AVAILABLE", unreadable) };
    }
    const situation = situationOf(state, topic, partition);
    const leadership = choose(situation);
    if ("code" in leadership) return { ...id, error: leadership };
    const { reason } = options;
    records.push(leadershipChanged({ state, topic, situation, leadership, reason }));
    return { ...id, leader: leadership.leader };
  });
  return { records, results };
}

type Elected = Leadership & { readonly leader: BrokerId };

function preferred(situation: Situation): Elected | Refusal {
  const { partition } = situation;
  const leader = partition.replicas[0];
  if (leader === undefined || partition.leader === leader) {
    return { code: "ELECTION_NOT_NEEDED", message: "the preferred replica leads already" };
  }
  const able =
    partition.isr.includes(leader) &&
    mayLead(situation, leader) &&
    !isShuttingDown(situation, leader);
  if (!able) {
    const message = `preferred replica ${leader} is not in the ISR or cannot serve`;
    return { code: "PREFERRED_LEADER_NOT_AVAILABLE", message };
  }
  return { leader, isr: partition.isr, election: "clean" };
}

function unclean(situation: Situation): Elected | Refusal {
  const { leader, isr } = situation.partition;
  if (leader !== undefined) {
    return { code: "ELECTION_NOT_NEEDED", message: `replica ${leader} leads` };
  }
  const chosen = chooseUncleanLeader(situation, isr);
  if (chosen.leader === undefined) {
    const message = "no broker that holds a replica can serve it";
    return { code: "ELIGIBLE_LEADERS_NOT_AVAILABLE", message };
  }
  return { ...chosen, leader: chosen.leader };
}

function everyPartition(state: ControllerState): TopicPartition[] {
  return [...partitionsOf(state)].map(([topic, { partition }]) => ({
    topic: topic.name,
    partition,
  }));
}

function* partitionsOf(state: ControllerState): Generator<[TopicImage, PartitionImage]> {
  for (const topic of state.image.topics.values()) {
    for (const partition of topic.partitions) yield [topic, partition];
  }
}

/** Moves leaders back to the preferred replicas of brokers that lead too few of theirs. */
export function decideLeaderImbalance(state: ControllerState): Decision {
  const rebalance = state.settings.leaderRebalance;
  if (rebalance === undefined) return { records: [], replies: [], timers: [] };

  const preferredBy = new Map<BrokerId, { total: number; elsewhere: TopicPartition[] }>();
  for (const [topic, partition] of partitionsOf(state)) {
    const broker = partition.replicas[0];
    if (broker === undefined || !state.image.brokers.has(broker)) continue;
    const count = preferredBy.get(broker) ?? { total: 0, elsewhere: [] };
    preferredBy.set(broker, count);
    count.total += 1;
    if (partition.leader !== undefined && partition.leader !== broker) {
      count.elsewhere.push({ topic: topic.name, partition: partition.partition });
    }
  }
  const partitions = [...preferredBy.values()]
    .filter(
      ({ total, elsewhere }) => elsewhere.length * 100 > rebalance.imbalancePercentMax * total,
    )
    .flatMap(({ elsewhere }) => elsewhere);
  const reason = "leaders go back to their preferred replicas";
  const { records } = electEach(state, { election: "preferred", partitions, reason });
  return { records, replies: [], timers: imbalanceTimer(state) };
}

export function imbalanceTimer(state: ControllerState): TimerChange[] {
  const rebalance = state.settings.leaderRebalance;
  return rebalance === undefined
    ? []
    : [{ arm: "leaderImbalance", afterMs: rebalance.checkIntervalMs }];
}
