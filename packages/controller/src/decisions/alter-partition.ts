import type { BrokerEpoch, BrokerId } from "@zoolog/base";
import type { AlterPartitionEvent, IsrChange } from "../controller-event.ts";
import type { AlteredPartition, Refusal } from "../controller-response.ts";
import { type Decision, replyTo } from "../decision.ts";
import type { PartitionImage, PartitionState, TopicImage } from "../image/cluster-image.ts";
import { isShuttingDown, serves } from "../leaders/leader-election.ts";
import { partitionStateChanged, situationOf } from "../leaders/partition-state.ts";
import type { PartitionStateChanged } from "../state/controller-record.ts";
import type { ControllerState } from "../state/controller-state.ts";
import { refusal, staleBrokerEpoch, unknownPartition } from "./refusals.ts";

/**
 * A leader asks for another ISR (KIP-497). The leader stays and so does its epoch: the ISR is no
 * election (KAFKA-13790); only the partition epoch rises.
 */
export function decideAlterPartition(state: ControllerState, event: AlterPartitionEvent): Decision {
  const broker = state.image.brokers.get(event.brokerId);
  if (broker === undefined || broker.brokerEpoch !== event.brokerEpoch) {
    const error = staleBrokerEpoch(event, broker);
    return replyTo(event.requestId, { type: "alterPartition", error, partitions: [] });
  }
  const records: PartitionStateChanged[] = [];
  const asked = new Set<string>();
  const partitions = event.changes.map((change): AlteredPartition => {
    const { topicId, partition } = change;
    const key = `${topicId} ${partition}`;
    const found = asked.has(key)
      ? { error: refusal("INVALID_REQUEST", "the partition is named twice in the request") }
      : findPartition(state, change);
    asked.add(key);
    if ("error" in found) return { topicId, partition, error: found.error };

    const error =
      fencingFault(found.image, event.brokerId, change) ?? isrFault(state, found, change);
    if (error !== undefined) return { topicId, partition, error };
    return alter(state, found, change, records);
  });
  const { requestId } = event;
  return {
    records,
    replies: [{ requestId, response: { type: "alterPartition", partitions } }],
    timers: [],
  };
}

type Found = { readonly topic: TopicImage; readonly image: PartitionImage };

function findPartition(
  state: ControllerState,
  { topicId, partition }: IsrChange,
): Found | { readonly error: Refusal } {
  const name = state.image.topicNames.get(topicId);
  const topic = name === undefined ? undefined : state.image.topics.get(name);
  if (topic === undefined) {
    return { error: refusal("UNKNOWN_TOPIC_ID", `there is no topic with id ${topicId}`) };
  }
  const image = topic.partitions[partition];
  if (image === undefined) return { error: unknownPartition(topic.name, partition) };
  return { topic, image };
}

/** Whether the one who asks is the leader it believes to be, and knows the state it changes. */
function fencingFault(
  image: PartitionImage,
  brokerId: BrokerId,
  change: IsrChange,
): Refusal | undefined {
  if (change.leaderEpoch < image.leaderEpoch) {
    return refusal(
      "FENCED_LEADER_EPOCH",
      `leader epoch ${change.leaderEpoch} is over, it is ${image.leaderEpoch} now`,
    );
  }
  const { partitionEpoch } = image;
  const fromLaterController =
    change.leaderEpoch > image.leaderEpoch ||
    (partitionEpoch !== undefined && change.partitionEpoch > partitionEpoch);
  if (fromLaterController) {
    return refusal(
      "NOT_CONTROLLER",
      "the request knows a later state: a later controller wrote it",
    );
  }
  if (image.leader !== brokerId) {
    return refusal("INVALID_REQUEST", `broker ${brokerId} does not lead the partition`);
  }
  if (change.partitionEpoch !== partitionEpoch) {
    return refusal(
      "INVALID_UPDATE_VERSION",
      `partition epoch ${change.partitionEpoch} is over, it is ${partitionEpoch} now`,
    );
  }
  return undefined;
}

function isrFault(
  state: ControllerState,
  { topic, image }: Found,
  { isr }: IsrChange,
): Refusal | undefined {
  const members = isr.map((member) => member.brokerId);
  if (new Set(members).size !== members.length) {
    return refusal("INVALID_REQUEST", "the ISR names a replica twice");
  }
  if (image.leader === undefined || !members.includes(image.leader)) {
    return refusal("INVALID_REQUEST", "the leader cannot leave the ISR");
  }
  const stranger = members.find((member) => !image.replicas.includes(member));
  if (stranger !== undefined) {
    return refusal("INVALID_REQUEST", `broker ${stranger} is not an assigned replica`);
  }
  const situation = situationOf(state, topic, image);
  for (const { brokerId, brokerEpoch } of isr) {
    if (image.isr.includes(brokerId)) continue;
    const registered = state.image.brokers.get(brokerId)?.brokerEpoch;
    // A replica that restarted since it was seen in sync must prove it again (KIP-903).
    const eligible =
      registered === brokerEpoch &&
      serves(situation, brokerId) &&
      !isShuttingDown(situation, brokerId);
    if (!eligible) {
      return refusal(
        "INELIGIBLE_REPLICA",
        `broker ${brokerId} cannot join the ISR: it is away, leaving, restarted or has it offline`,
      );
    }
  }
  return undefined;
}

function alter(
  state: ControllerState,
  { topic, image }: Found,
  change: IsrChange,
  records: PartitionStateChanged[],
): AlteredPartition {
  const { topicId, partition } = change;
  const isr = image.replicas.filter((r) => change.isr.some((member) => member.brokerId === r));
  const next: PartitionState = {
    leader: image.leader,
    leaderEpoch: image.leaderEpoch,
    isr,
    isrBrokerEpochs: isr.map((member) => epochInSync(image, change, member)),
    controllerEpoch: state.image.controllerEpoch,
  };
  const { leader, leaderEpoch } = next;
  const answered = { leader, leaderEpoch, isr };
  // The same ISR is written, too: a leader shuts out by it a call of its own that may still come.
  const record = partitionStateChanged({
    topic,
    partition: image,
    state: next,
    reason: `ISR asked for by its leader ${image.leader}`,
  });
  records.push(record);
  return { topicId, partition, state: answered, partitionEpoch: record.partitionEpoch };
}

/** Members that stay keep the epoch on record; who joins has just proved the one it came with. */
function epochInSync(
  image: PartitionImage,
  change: IsrChange,
  member: BrokerId,
): BrokerEpoch | undefined {
  const index = image.isr.indexOf(member);
  if (index >= 0) return image.isrBrokerEpochs[index];
  return change.isr.find((joining) => joining.brokerId === member)?.brokerEpoch;
}
