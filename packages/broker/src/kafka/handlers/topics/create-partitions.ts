import { type BrokerId, topicNameFault } from "@zoolog/base";
import type { KafkaRequest, NativeRequest } from "@zoolog/protocol";
import { NOT_ANSWERED, orRefused, type Refusal, refusal, refusalOf } from "../../call-failure.ts";
import type { KafkaHandler } from "../../request-dispatch.ts";
import { boundedTimeoutMs } from "../bounded-timeout.ts";
import { givenFields } from "../given-fields.ts";
import type { HandlerParts } from "../handler-parts.ts";
import { brokerIdFault } from "./broker-id-fault.ts";

type Wanted = KafkaRequest<"CreatePartitions">["topics"][number];
type NativeTopic = NativeRequest<"create-partitions">["topics"][number];

export function createPartitions({ api }: HandlerParts): KafkaHandler<"CreatePartitions"> {
  return async ({ topics, timeoutMs, validateOnly }, context) => {
    const faults = topics.map(faultOf);
    const sound = topics.filter((_, index) => faults[index] === undefined);
    const request = {
      ...{ timeoutMs: boundedTimeoutMs(timeoutMs), validateOnly },
      topics: sound.map(nativeTopic),
    };
    const answer = await orRefused(api.admin["create-partitions"](request, context));
    const results = ("refused" in answer ? [] : answer.topics)[Symbol.iterator]();
    return {
      results: topics.map(({ name }, index) => {
        const fault = faults[index];
        if (fault !== undefined) return { name, ...fault };
        if ("refused" in answer) return { name, ...answer.refused };
        const result = results.next().value;
        if (result === undefined) return { name, ...NOT_ANSWERED };
        if ("error" in result) return { name, ...refusalOf(result.error) };
        return { name, errorMessage: undefined };
      }),
    };
  };
}

/** What the controller would say, and the call to it has no words for. */
function faultOf({ name, count, assignments }: Wanted): Refusal | undefined {
  const nameFault = topicNameFault(name);
  if (nameFault !== undefined) return refusal("UNKNOWN_TOPIC_OR_PARTITION", nameFault);
  if (count <= 0) {
    return refusal("INVALID_PARTITIONS", `a topic has at least 1 partition, not ${count}`);
  }
  return brokerIdFault(assignments ?? []);
}

function nativeTopic({ name: topic, count, assignments }: Wanted): NativeTopic {
  const replicas = assignments?.map(({ brokerIds }) => brokerIds as readonly BrokerId[]);
  return { topic, count, ...givenFields({ assignments: replicas }) };
}
