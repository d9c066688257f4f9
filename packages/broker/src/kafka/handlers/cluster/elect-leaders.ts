import { topicNameFault, topicPartitionKey } from "@zoolog/base";
import type { KafkaRequest, NativeResponse } from "@zoolog/protocol";
import { NOT_ANSWERED, orRefused, type Refusal, refusal, refusalOf } from "../../call-failure.ts";
import type { KafkaHandler } from "../../request-dispatch.ts";
import { boundedTimeoutMs } from "../bounded-timeout.ts";
import type { HandlerParts } from "../handler-parts.ts";

type AskedTopics = NonNullable<KafkaRequest<"ElectLeaders">["topicPartitions"]>;
type Elected = NativeResponse<"elect-leaders">["topics"];

/** Kafka's numbers of elections (KIP-460), by their place. */
const ELECTIONS = ["preferred", "unclean"] as const;

const NO_SUCH_PARTITION = refusal("UNKNOWN_TOPIC_OR_PARTITION", "there can be no such partition");

/** Without topics all partitions, and then an answer of those that were elected. */
export function electLeaders({ api }: HandlerParts): KafkaHandler<"ElectLeaders"> {
  return async ({ electionType, topicPartitions: asked, timeoutMs: askedMs }, context) => {
    const election = ELECTIONS[electionType];
    if (election === undefined) return { errorCode: "INVALID_REQUEST", replicaElectionResults: [] };
    const timeoutMs = boundedTimeoutMs(askedMs);
    const request = { timeoutMs, election, ...(asked && { topics: possible(asked) }) };
    const answer = await orRefused(api.admin["elect-leaders"](request, context));
    if ("refused" in answer) {
      const { refused } = answer;
      const replicaElectionResults = resultsOf(asked ?? [], () => refused);
      return { errorCode: refused.errorCode, replicaElectionResults };
    }
    const outcomes = outcomesOf(answer.topics);
    const told = asked ?? answer.topics.map(partitionsOf);
    return {
      replicaElectionResults: resultsOf(told, (topic, partition) =>
        canBe(topic, partition)
          ? (outcomes.get(topicPartitionKey({ topic, partition })) ?? NOT_ANSWERED)
          : NO_SUCH_PARTITION,
      ),
    };
  };
}

/** A broker that is not the controller could not pass on the others. */
function possible(asked: AskedTopics): AskedTopics {
  return asked
    .map(({ topic, partitions }) => ({
      topic,
      partitions: partitions.filter((partition) => canBe(topic, partition)),
    }))
    .filter(({ partitions }) => partitions.length > 0);
}

function canBe(topic: string, partition: number): boolean {
  return partition >= 0 && topicNameFault(topic) === undefined;
}

type Outcome = Refusal | { readonly errorMessage: undefined };

function outcomesOf(elected: Elected): ReadonlyMap<string, Outcome> {
  return new Map(
    elected.flatMap(({ topic, partitions }) =>
      partitions.map((result): [string, Outcome] => [
        topicPartitionKey({ topic, partition: result.partition }),
        "error" in result ? refusalOf(result.error) : { errorMessage: undefined },
      ]),
    ),
  );
}

function partitionsOf({ topic, partitions }: Elected[number]): AskedTopics[number] {
  return { topic, partitions: partitions.map(({ partition }) => partition) };
}

function resultsOf(topics: AskedTopics, outcomeOf: (topic: string, partition: number) => Outcome) {
  return topics.map(({ topic, partitions }) => ({
    topic,
    partitionResult: partitions.map((partitionId) => ({
      partitionId,
      ...outcomeOf(topic, partitionId),
    })),
  }));
}
