import { leaderEpoch, offset } from "@zoolog/base";
import type { ErrorCode, ItemError, KafkaRequest, KafkaResponse } from "@zoolog/protocol";
import type { KafkaHandler } from "../../request-dispatch.ts";
import { givenFields } from "./given-fields.ts";
import { groupErrorOf, refusedWith } from "./group-errors.ts";
import type { GroupParts } from "./group-parts.ts";

type Topic = KafkaRequest<"OffsetCommit">["topics"][number];
type Partition = Topic["partitions"][number];
type Told = readonly {
  readonly topic: string;
  readonly partitions: readonly { readonly partition: number; readonly error?: ItemError }[];
}[];

/** The version that knows of members with epochs (KIP-848). */
const EPOCHS_FROM = 9;

/**
 * Retention times of old clients are passed over: offsets stay as long as their group does, which is
 * longer than any client asks for.
 */
export function offsetCommit({ api }: GroupParts): KafkaHandler<"OffsetCommit"> {
  return async (request, context) => {
    const { groupId, memberId, groupInstanceId, topics } = request;
    const epoch = request.generationIdOrMemberEpoch;
    const generationIdOrMemberEpoch = epoch === undefined || epoch < 0 ? undefined : epoch;
    try {
      const { topics: told } = await api.groups["commit-offsets"](
        {
          ...givenFields({ groupId, memberId, groupInstanceId, generationIdOrMemberEpoch }),
          topics: topics.map(({ name, partitions }) => ({
            topic: name,
            partitions: partitions.filter(isPossible).map(committed),
          })),
        },
        context,
      );
      return answer(topics, outcomes(told));
    } catch (error) {
      const errorCode = asOfVersion(refusedWith(error), context.apiVersion);
      return answer(topics, () => errorCode);
    }
  };
}

/** No record of ours will ever be there. */
function isPossible({ committedOffset }: Partition): boolean {
  return Number.isSafeInteger(committedOffset);
}

/** A negative offset is none (kafkajs resets a group by −1 and −2): the next fetch finds nothing. */
function committed(one: Partition) {
  const { partitionIndex: partition, committedOffset, committedLeaderEpoch: epoch } = one;
  return {
    partition,
    ...(committedOffset < 0 ? {} : { offset: offset(committedOffset) }),
    ...givenFields({
      leaderEpoch: epoch === undefined || epoch < 0 ? undefined : leaderEpoch(epoch),
      metadata: one.committedMetadata,
    }),
  };
}

function outcomes(told: Told): (topic: string, partition: Partition) => ErrorCode | undefined {
  const failed = new Map<string, ErrorCode>();
  for (const { topic, partitions } of told) {
    for (const { partition, error } of partitions) {
      if (error !== undefined) failed.set(`${partition} ${topic}`, groupErrorOf(error.code));
    }
  }
  return (topic, partition) =>
    isPossible(partition)
      ? failed.get(`${partition.partitionIndex} ${topic}`)
      : "OFFSET_OUT_OF_RANGE";
}

function answer(
  topics: readonly Topic[],
  errorOf: (topic: string, partition: Partition) => ErrorCode | undefined,
): KafkaResponse<"OffsetCommit"> {
  return {
    topics: topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map((partition) => ({
        partitionIndex: partition.partitionIndex,
        errorCode: errorOf(name, partition),
      })),
    })),
  };
}

/** Who commits by an older version takes part by generations: this is what it knows of them. */
function asOfVersion(code: ErrorCode, apiVersion: number): ErrorCode {
  return code === "STALE_MEMBER_EPOCH" && apiVersion < EPOCHS_FROM ? "ILLEGAL_GENERATION" : code;
}
