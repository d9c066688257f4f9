import type { KafkaRequest, KafkaResponse } from "@zoolog/protocol";
import type { BrokerApi, CallContext } from "../../../broker-api.ts";
import { orRefused } from "../../call-failure.ts";
import type { KafkaHandler } from "../../request-dispatch.ts";
import type { HandlerParts } from "../handler-parts.ts";

type Folder = KafkaResponse<"DescribeLogDirs">["results"][number];
type Asked = KafkaRequest<"DescribeLogDirs">["topics"];

/** What this broker has on its disk: its one data folder, and the replicas in it. */
export function describeLogDirs({ api }: HandlerParts): KafkaHandler<"DescribeLogDirs"> {
  return async ({ topics: asked }, context) => {
    const found = await orRefused(describe(asked, api, context));
    if ("refused" in found) return { errorCode: found.refused.errorCode, results: [] };
    return { results: [found] };
  };
}

async function describe(asked: Asked, api: BrokerApi, context: CallContext): Promise<Folder> {
  const names = asked?.map(({ topic }) => topic);
  const [broker, described] = await Promise.all([
    api.admin["describe-broker"]({}, context),
    api.describeTopics(names === undefined ? {} : { topics: [...new Set(names)] }, context),
  ]);
  const wanted =
    asked && new Map(asked.map(({ topic, partitions }) => [topic, new Set(partitions)]));
  return {
    logDir: broker.dataFolder,
    topics: described.topics.flatMap((topic) => {
      if ("error" in topic) return [];
      const among = wanted?.get(topic.topic);
      const partitions = topic.partitions.flatMap(({ partition, sizeBytes }) => {
        const isHere = sizeBytes !== undefined && (among?.has(partition) ?? true);
        if (!isHere) return [];
        const here = { partitionIndex: partition, partitionSize: sizeBytes };
        return [{ ...here, offsetLag: 0, isFutureKey: false }];
      });
      return partitions.length === 0 ? [] : [{ name: topic.topic, partitions }];
    }),
    totalBytes: broker.diskTotalBytes,
    usableBytes: broker.diskFreeBytes,
  };
}
