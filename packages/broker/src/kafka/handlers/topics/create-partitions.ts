import type { BrokerId } from "@zoolog/base";
import { NOT_ANSWERED, orRefused, refusalOf } from "../../call-failure.ts";
import type { KafkaHandler } from "../../request-dispatch.ts";
import { boundedTimeoutMs } from "../bounded-timeout.ts";
import { givenFields } from "../given-fields.ts";
import type { HandlerParts } from "../handler-parts.ts";

export function createPartitions({ api }: HandlerParts): KafkaHandler<"CreatePartitions"> {
  return async ({ topics, timeoutMs, validateOnly }, context) => {
    const request = {
      ...{ timeoutMs: boundedTimeoutMs(timeoutMs), validateOnly },
      topics: topics.map(({ name: topic, count, assignments }) => ({
        ...{ topic, count },
        ...givenFields({
          // Negative ones are of no broker, as the controller will say.
          assignments: assignments?.map(({ brokerIds }) => brokerIds as readonly BrokerId[]),
        }),
      })),
    };
    const answer = await orRefused(api.admin["create-partitions"](request, context));
    const answered = "refused" in answer ? [] : answer.topics;
    return {
      results: topics.map(({ name }, index) => {
        if ("refused" in answer) return { name, ...answer.refused };
        const result = answered[index];
        if (result === undefined) return { name, ...NOT_ANSWERED };
        if ("error" in result) return { name, ...refusalOf(result.error) };
        return { name, errorMessage: undefined };
      }),
    };
  };
}
