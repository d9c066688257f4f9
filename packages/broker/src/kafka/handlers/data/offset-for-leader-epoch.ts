import { type LeaderEpoch, leaderEpoch } from "@zoolog/base";
import type { KafkaRequest } from "@zoolog/protocol";
import { kafkaErrorOf } from "../../kafka-error.ts";
import type { KafkaHandler } from "../../request-dispatch.ts";
import type { HandlerParts } from "../handler-parts.ts";
import { answersOf } from "../partition-answers.ts";

type AskedPartition = KafkaRequest<"OffsetForLeaderEpoch">["topics"][number]["partitions"][number];

/** Where epochs end: how a consumer learns that what it has read was cut off (KIP-320). */
export function offsetForLeaderEpoch({ api }: HandlerParts): KafkaHandler<"OffsetForLeaderEpoch"> {
  return async (request, context) => {
    const asked = request.topics.map(({ topic, partitions }) => ({
      topic,
      partitions: partitions.map(askedOf),
    }));
    const answers = await answersOf(asked, (topics) =>
      api.offsetForLeaderEpoch({ topics }, context),
    );
    return {
      topics: answers.map(({ topic, partitions }, i) => ({
        topic,
        partitions: partitions.map((found, j) => {
          const { partition } = found;
          if ("error" in found) return { partition, errorCode: kafkaErrorOf(found.error.code) };
          const wanted = request.topics[i]?.partitions[j];
          // "No epoch" ends nowhere.
          if (wanted === undefined || wanted.leaderEpoch < 0) return { partition };
          const { leaderEpoch: epoch, endOffset } = found;
          return { partition, leaderEpoch: epoch, endOffset };
        }),
      })),
    };
  };
}

function askedOf({ partition, currentLeaderEpoch, leaderEpoch: epoch }: AskedPartition) {
  const asked = { partition, leaderEpoch: leaderEpoch(Math.max(0, epoch)) };
  if (currentLeaderEpoch === undefined) return asked;
  return { ...asked, currentLeaderEpoch: currentLeaderEpoch as LeaderEpoch };
}
