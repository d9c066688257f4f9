import type { DescribeProducersResponse, KafkaResponse } from "@zoolog/protocol";
import { refusalOf } from "../../call-failure.ts";
import type { KafkaHandler } from "../../request-dispatch.ts";
import type { HandlerParts } from "../handler-parts.ts";
import { answersOf, type OfTopic, type Refused } from "../partition-answers.ts";

type Answer = KafkaResponse<"DescribeProducers">["topics"][number]["partitions"][number];
type Described = DescribeProducersResponse["topics"][number]["partitions"][number];

/** Of producers without transactions. */
const NO_COORDINATOR = -1;

/** At the leaders of the partitions. There are no transactions yet: nobody has one open. */
export function describeProducers({ api }: HandlerParts): KafkaHandler<"DescribeProducers"> {
  return async ({ topics: wanted }, context) => {
    const asked = wanted.map(({ name: topic, partitionIndexes }) => {
      return { topic, partitions: partitionIndexes.map((partition) => ({ partition })) };
    });
    const answers = await answersOf(asked, (sound) =>
      api.admin["describe-producers"]({ topics: sound.map(byNumber) }, context),
    );
    return {
      topics: answers.map(({ topic, partitions }) => {
        return { name: topic, partitions: partitions.map(answerOf) };
      }),
    };
  };
}

function byNumber({ topic, partitions }: OfTopic<{ readonly partition: number }>) {
  return { topic, partitions: partitions.map(({ partition }) => partition) };
}

function answerOf(found: Described | Refused): Answer {
  const none = { partitionIndex: found.partition, activeProducers: [] };
  if ("error" in found) return { ...none, ...refusalOf(found.error) };
  const activeProducers = found.producers.map((producer) => ({
    ...producer,
    coordinatorEpoch: NO_COORDINATOR,
    currentTxnStartOffset: undefined,
  }));
  return { ...none, errorMessage: undefined, activeProducers };
}
