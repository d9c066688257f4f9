import type { DescribeProducersResponse, KafkaResponse } from "@zoolog/protocol";
import type { BrokerApi } from "../../../broker-api.ts";
import { orRefused, refusal, refusalOf } from "../../call-failure.ts";
import type { KafkaHandler } from "../../request-dispatch.ts";

type Answer = KafkaResponse<"DescribeProducers">["topics"][number]["partitions"][number];
type Described = DescribeProducersResponse["topics"][number]["partitions"][number];

/** At the leaders of the partitions. There are no transactions yet: nobody has one open. */
export function describeProducers({
  api,
}: {
  readonly api: BrokerApi;
}): KafkaHandler<"DescribeProducers"> {
  return async ({ topics: wanted }, context) => {
    const topics = wanted.map(({ name: topic, partitionIndexes: partitions }) => {
      return { topic, partitions };
    });
    const answer = await orRefused(api.admin["describe-producers"]({ topics }, context));
    const answered = "refused" in answer ? [] : answer.topics;
    return {
      topics: wanted.map(({ name, partitionIndexes }, topic) => ({
        name,
        partitions: partitionIndexes.map((partitionIndex, index): Answer => {
          if ("refused" in answer)
            return { partitionIndex, activeProducers: [], ...answer.refused };
          return partitionAnswer(partitionIndex, answered[topic]?.partitions[index]);
        }),
      })),
    };
  };
}

function partitionAnswer(partitionIndex: number, described: Described | undefined): Answer {
  const none = { partitionIndex, activeProducers: [] };
  if (described === undefined) return { ...none, ...NOT_ANSWERED };
  if ("error" in described) return { ...none, ...refusalOf(described.error) };
  const activeProducers = described.producers.map((producer) => ({
    ...producer,
    coordinatorEpoch: NO_COORDINATOR,
    currentTxnStartOffset: undefined,
  }));
  return { ...none, errorMessage: undefined, activeProducers };
}

/** Of producers without transactions. */
const NO_COORDINATOR = -1;

const NOT_ANSWERED = refusal("UNKNOWN_SERVER_ERROR", "the broker said nothing of the partition");
