import { leaderEpoch, offset } from "@zoolog/base";
import type { ErrorCode, KafkaRequest, KafkaResponse } from "@zoolog/protocol";
import { kafkaErrorIn, type NewerError } from "../../kafka-error.ts";
import type { KafkaHandler } from "../../request-dispatch.ts";
import { givenFields } from "../given-fields.ts";
import { groupErrorOf, refusedWith } from "./group-errors.ts";
import type { GroupParts } from "./group-parts.ts";

type Topic = KafkaRequest<"OffsetCommit">["topics"][number];

/** Who commits by an older version takes part by generations: that is what it knows of them (KIP-848). */
const STALE_EPOCH: NewerError = {
  code: "STALE_MEMBER_EPOCH",
  from: 9,
  before: "ILLEGAL_GENERATION",
};

/**
 * Retention times of old clients are passed over: offsets stay as long as their group does, which is
 * longer than any client asks for.
 */
export function offsetCommit({ api }: GroupParts): KafkaHandler<"OffsetCommit"> {
  return async (request, context) => {
    const { groupId, memberId, groupInstanceId, topics } = request;
    const generationIdOrMemberEpoch = notNegative(request.generationIdOrMemberEpoch);
    try {
      const committed = await api.groups["commit-offsets"](
        {
          ...givenFields({ groupId, memberId, groupInstanceId, generationIdOrMemberEpoch }),
          topics: topics.map(({ name, partitions }) => ({
            topic: name,
            partitions: partitions.map(committedPartition),
          })),
        },
        context,
      );
      return {
        topics: committed.topics.map(({ topic, partitions }) => ({
          name: topic,
          partitions: partitions.map(({ partition, error }) => ({
            partitionIndex: partition,
            errorCode: error === undefined ? undefined : groupErrorOf(error.code),
          })),
        })),
      };
    } catch (error) {
      return refused(topics, kafkaErrorIn(context.apiVersion, refusedWith(error), STALE_EPOCH));
    }
  };
}

/** A negative offset is none (kafkajs resets a group by −1 and −2): the next fetch finds nothing. */
function committedPartition(one: Topic["partitions"][number]) {
  const { partitionIndex: partition, committedMetadata: metadata } = one;
  const at = notNegative(one.committedOffset);
  const epoch = notNegative(one.committedLeaderEpoch);
  return {
    partition,
    ...(at === undefined ? {} : { offset: offset(at) }),
    ...(epoch === undefined ? {} : { leaderEpoch: leaderEpoch(epoch) }),
    ...(metadata === undefined ? {} : { metadata }),
  };
}

/** Any negative number says that there is none. */
function notNegative(value: number | undefined): number | undefined {
  return value === undefined || value < 0 ? undefined : value;
}

function refused(topics: readonly Topic[], errorCode: ErrorCode): KafkaResponse<"OffsetCommit"> {
  return {
    topics: topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode })),
    })),
  };
}
