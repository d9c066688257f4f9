import type { KafkaHandlers } from "../../request-dispatch.ts";
import type { HandlerParts } from "../handler-parts.ts";
import { createPartitions } from "./create-partitions.ts";
import { createTopics } from "./create-topics.ts";
import { deleteRecords } from "./delete-records.ts";
import { deleteTopics } from "./delete-topics.ts";
import { describeProducers } from "./describe-producers.ts";

/** Topics come and go, grow, and lose their oldest records. */
export function topicHandlers(parts: HandlerParts) {
  return {
    CreateTopics: createTopics(parts),
    DeleteTopics: deleteTopics(parts),
    CreatePartitions: createPartitions(parts),
    DeleteRecords: deleteRecords(parts),
    DescribeProducers: describeProducers(parts),
  } satisfies KafkaHandlers;
}
