import {
  brokerIdField,
  flag,
  int32,
  list,
  object,
  optional,
  type Static,
  topicId,
  topicName,
} from "../schema.ts";
import { configEntries } from "./create-topics.ts";

/** `GET /v1/topics` */
export const topicListResponse = object({
  topics: list(
    object({
      topic: topicName,
      topicId,
      isInternal: flag(),
      numPartitions: int32,
      replicationFactor: int32,
    }),
  ),
});

const topicSettings = {
  numPartitions: optional(int32),
  replicationFactor: optional(int32),
  assignments: optional(list(list(brokerIdField))),
  configs: optional(configEntries),
};

/** `PUT /v1/topics/<topic>`; the body may be missing. */
export const putTopicRequest = object(topicSettings);
export type PutTopicRequest = Static<typeof putTopicRequest>;

/** `POST /v1/topics` */
export const postTopicRequest = object({ topic: topicName, ...topicSettings });
