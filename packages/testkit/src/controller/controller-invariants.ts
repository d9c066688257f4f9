import type { ClusterImage, ControllerState, PartitionImage } from "@zoolog/controller";

/**
 * What must hold of a controller's state, and of each step from one to the next. Answers one line
 * per violation, none when all is well.
 */
export function controllerViolations(before: ControllerState, after: ControllerState): string[] {
  return [
    ...[...after.image.topics.values()].flatMap((topic) =>
      topic.partitions.flatMap((partition, index) => {
        const name = `${topic.name}-${index}`;
        const unreadable = after.unreadable.has(name);
        const former = formerPartition(before.image, topic.topicId, index);
        return [
          ...partitionViolations(partition, { unreadable }),
          ...stepViolations(former, partition),
          ...(partition.partition === index ? [] : [`is numbered ${partition.partition}`]),
        ].map((violation) => `${name} ${violation}`);
      }),
    ),
    ...namesViolations(after.image),
  ];
}

function partitionViolations(
  partition: PartitionImage,
  { unreadable }: { readonly unreadable: boolean },
): string[] {
  const { leader, isr, isrBrokerEpochs, partitionEpoch, offlineReason } = partition;
  const violations: string[] = [];
  if (leader !== undefined && !isr.includes(leader))
    violations.push("has a leader outside the ISR");
  if (partitionEpoch !== undefined && isr.length === 0 && !unreadable) {
    violations.push("has an empty ISR");
  }
  if (isr.length !== isrBrokerEpochs.length) violations.push("has no epoch for each ISR member");
  if (new Set(isr).size !== isr.length) violations.push("names an ISR member twice");
  if ((leader === undefined) !== (offlineReason !== undefined)) {
    violations.push("has a reason to be offline exactly when it is not");
  }
  return violations;
}

function stepViolations(before: PartitionImage | undefined, after: PartitionImage): string[] {
  if (before === undefined) return [];
  const violations: string[] = [];
  if (after.leaderEpoch < before.leaderEpoch) violations.push("lost leader epochs");
  const newLeader = after.leader !== before.leader && before.isr.length > 0;
  if (newLeader && after.leader !== undefined && after.leaderEpoch <= before.leaderEpoch) {
    violations.push("has a new leader under an old epoch");
  }
  return violations;
}

function formerPartition(
  image: ClusterImage,
  topicId: string,
  partition: number,
): PartitionImage | undefined {
  const topics = [...image.topics.values()];
  return topics.find((topic) => topic.topicId === topicId)?.partitions[partition];
}

function namesViolations(image: ClusterImage): string[] {
  const ids = [...image.topics.values()].map((topic) => `${topic.topicId} ${topic.name}`).sort();
  const names = [...image.topicNames].map(([topicId, name]) => `${topicId} ${name}`).sort();
  return ids.join() === names.join() ? [] : ["topic names and topics do not agree"];
}
