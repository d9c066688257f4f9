import { type Offset, offset } from "@zoolog/base";
import type { DeleteRecordsResponse, KafkaRequest, KafkaResponse } from "@zoolog/protocol";
import { kafkaErrorOf } from "../../kafka-error.ts";
import type { KafkaHandler } from "../../request-dispatch.ts";
import { boundedTimeoutMs } from "../bounded-timeout.ts";
import type { HandlerParts } from "../handler-parts.ts";
import { type Asked, answersOf, type Refused } from "../partition-answers.ts";

type Wanted = KafkaRequest<"DeleteRecords">["topics"][number]["partitions"][number];
type Answer = KafkaResponse<"DeleteRecords">["topics"][number]["partitions"][number];
type Deleted = DeleteRecordsResponse["topics"][number]["partitions"][number];
type Deletion = Asked & { readonly offset: Offset | "highWatermark" };

/** At the leaders of the partitions: who is no leader does not pass it on to one. */
export function deleteRecords({ api }: HandlerParts): KafkaHandler<"DeleteRecords"> {
  return async ({ topics, timeoutMs: wait }, context) => {
    const asked = topics.map(({ name: topic, partitions }) => {
      return { topic, partitions: partitions.map(deletionOf) };
    });
    const timeoutMs = boundedTimeoutMs(wait);
    const answers = await answersOf(asked, (sound) =>
      api.admin["delete-records"]({ timeoutMs, topics: sound.map(withoutRefusals) }, context),
    );
    return {
      topics: answers.map(({ topic, partitions }) => {
        return { name: topic, partitions: partitions.map(answerOf) };
      }),
    };
  };
}

function deletionOf({ partitionIndex: partition, offset: before }: Wanted): Deletion {
  if (before === undefined) return { partition, offset: "highWatermark" };
  if (before >= 0) return { partition, offset: offset(before) };
  return { partition, offset: "highWatermark", refusal: "OFFSET_OUT_OF_RANGE" };
}

function withoutRefusals({
  topic,
  partitions,
}: {
  readonly topic: string;
  readonly partitions: readonly Deletion[];
}) {
  const deletions = partitions.map(({ partition, offset: before }) => {
    return { partition, offset: before };
  });
  return { topic, partitions: deletions };
}

function answerOf(found: Deleted | Refused): Answer {
  const { partition: partitionIndex } = found;
  if ("error" in found) return { partitionIndex, errorCode: kafkaErrorOf(found.error.code) };
  return { partitionIndex, lowWatermark: found.lowWatermark };
}
