import { errorMessage } from "@zoolog/base";
import type { KafkaHandler } from "../../request-dispatch.ts";
import { givenFields } from "../given-fields.ts";
import { refusedWith } from "./group-errors.ts";
import type { GroupParts } from "./group-parts.ts";

/** Answered at once: the client comes again when the interval of the answer is over (KIP-848). */
export function consumerGroupHeartbeat({
  api,
}: GroupParts): KafkaHandler<"ConsumerGroupHeartbeat"> {
  return async (request, context) => {
    const { groupId, memberEpoch, rackId, rebalanceTimeoutMs, serverAssignor } = request;
    try {
      const answer = await api.groups["consumer-group-heartbeat"](
        {
          memberId: request.memberId ?? "",
          ...givenFields({
            groupId,
            memberEpoch,
            groupInstanceId: request.instanceId,
            rackId,
            rebalanceTimeoutMs,
            subscribedTopics: request.subscribedTopicNames,
            subscribedPattern: request.subscribedTopicRegex,
            serverAssignor,
            owned: request.topicPartitions?.flatMap(({ topicId, partitions }) =>
              topicId === undefined ? [] : [{ topicId, partitions }],
            ),
          }),
        },
        context,
      );
      const { memberId, heartbeatIntervalMs, assignment } = answer;
      return {
        errorMessage: undefined,
        memberId,
        memberEpoch: answer.memberEpoch,
        heartbeatIntervalMs,
        assignment: assignment && { topicPartitions: assignment },
      };
    } catch (error) {
      return { errorCode: refusedWith(error), errorMessage: errorMessage(error) };
    }
  };
}
