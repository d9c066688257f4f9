import { orRefused, refusalOf } from "../../call-failure.ts";
import type { KafkaHandler } from "../../request-dispatch.ts";
import { boundedTimeoutMs } from "../bounded-timeout.ts";
import type { HandlerParts } from "../handler-parts.ts";

/** Kafka's numbers of elections (KIP-460), by their place. */
const ELECTIONS = ["preferred", "unclean"] as const;

export function electLeaders({ api }: HandlerParts): KafkaHandler<"ElectLeaders"> {
  return async ({ electionType, topicPartitions, timeoutMs: asked }, context) => {
    const election = ELECTIONS[electionType];
    if (election === undefined) return { errorCode: "INVALID_REQUEST", replicaElectionResults: [] };
    const timeoutMs = boundedTimeoutMs(asked);
    const request = { timeoutMs, election, ...(topicPartitions && { topics: topicPartitions }) };
    const answer = await orRefused(api.admin["elect-leaders"](request, context));
    if ("refused" in answer) {
      const { errorCode } = answer.refused;
      const replicaElectionResults = (topicPartitions ?? []).map(({ topic, partitions }) => ({
        topic,
        partitionResult: partitions.map((partitionId) => ({ partitionId, ...answer.refused })),
      }));
      return { errorCode, replicaElectionResults };
    }
    const replicaElectionResults = answer.topics.map(({ topic, partitions }) => ({
      topic,
      partitionResult: partitions.map((result) => ({
        partitionId: result.partition,
        ...("error" in result ? refusalOf(result.error) : { errorMessage: undefined }),
      })),
    }));
    return { replicaElectionResults };
  };
}
