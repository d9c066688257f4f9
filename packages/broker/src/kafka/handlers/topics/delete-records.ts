import { type Offset, offset } from "@zoolog/base";
import type { DeleteRecordsRequest, KafkaRequest, KafkaResponse } from "@zoolog/protocol";
import type { BrokerApi } from "../../../broker-api.ts";
import { orRefused, refusalOf } from "../../call-failure.ts";
import type { KafkaHandler } from "../../request-dispatch.ts";
import { administrativeTimeoutMs } from "../administrative-timeout.ts";

type WantedTopic = KafkaRequest<"DeleteRecords">["topics"][number];
type Wanted = WantedTopic["partitions"][number];
type NativeTopic = DeleteRecordsRequest["topics"][number];
type Answer = KafkaResponse<"DeleteRecords">["topics"][number]["partitions"][number];

/** At the leaders of the partitions: who is no leader is not passed on to one. */
export function deleteRecords({ api }: { readonly api: BrokerApi }): KafkaHandler<"DeleteRecords"> {
  return async ({ topics, timeoutMs: asked }, context) => {
    const timeoutMs = administrativeTimeoutMs(asked);
    const request = { timeoutMs, topics: topics.map(nativeTopic) };
    const answer = await orRefused(api.admin["delete-records"](request, context));
    const results = new Map(
      ("refused" in answer ? [] : answer.topics).flatMap(({ topic, partitions }) =>
        partitions.map((result) => [`${topic}-${result.partition}`, result] as const),
      ),
    );
    return {
      topics: topics.map(({ name, partitions }) => ({
        name,
        partitions: partitions.map(({ partitionIndex, offset: before }): Answer => {
          if (!isSound(before)) return { partitionIndex, errorCode: "OFFSET_OUT_OF_RANGE" };
          if ("refused" in answer) {
            return { partitionIndex, errorCode: answer.refused.errorCode };
          }
          const result = results.get(`${name}-${partitionIndex}`);
          if (result === undefined) return { partitionIndex, errorCode: "UNKNOWN_SERVER_ERROR" };
          if ("error" in result) {
            return { partitionIndex, errorCode: refusalOf(result.error).errorCode };
          }
          return { partitionIndex, lowWatermark: result.lowWatermark };
        }),
      })),
    };
  };
}

function isSound(before: Wanted["offset"]): boolean {
  return before === undefined || before >= 0;
}

function nativeTopic({ name: topic, partitions }: WantedTopic): NativeTopic {
  return {
    topic,
    partitions: partitions.flatMap(({ partitionIndex: partition, offset: before }) =>
      isSound(before) ? [{ partition, offset: boundOf(before) }] : [],
    ),
  };
}

function boundOf(before: Wanted["offset"]): Offset | "highWatermark" {
  return before === undefined ? "highWatermark" : offset(before);
}
