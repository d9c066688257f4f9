import { type Logger, topicPartitionKey } from "@zoolog/base";
import type { ClusterImage, ControllerRecord } from "@zoolog/controller";

/** Partitions that were given a new leader. */
export type ElectionCounters = { leaders: number; uncleanLeaders: number };

/** Counts the elections among the records of a decision, and warns of each unclean one. */
export function countElections(
  decided: { readonly before: ClusterImage; readonly records: readonly ControllerRecord[] },
  dependencies: { readonly elections: ElectionCounters; readonly logger: Logger },
): void {
  const { elections, logger } = dependencies;
  for (const record of decided.records) {
    if (record.type !== "partitionStateChanged") continue;
    const { leader, leaderEpoch } = record.state;
    const known = decided.before.topics.get(record.topic)?.partitions[record.partition];
    if (leader === undefined || known === undefined || known.leaderEpoch === leaderEpoch) continue;
    elections.leaders += 1;
    if (known.isr.includes(leader)) continue;
    elections.uncleanLeaders += 1;
    const { topic, partition, reason } = record;
    const topicPartition = topicPartitionKey({ topic, partition });
    logger.warn("unclean leader elected: acknowledged records may be lost", {
      topicPartition,
      leader,
      reason,
    });
  }
}
