import type { KafkaApi } from "@zoolog/protocol";
import type { KafkaHandlers } from "../request-dispatch.ts";
import { apiVersions } from "./cluster/api-versions.ts";
import { clusterHandlers } from "./cluster/cluster-handlers.ts";
import { configHandlers } from "./configs/config-handlers.ts";
import { dataHandlers } from "./data/data-handlers.ts";
import { groupHandlers } from "./groups/group-handlers.ts";
import type { HandlerParts } from "./handler-parts.ts";
import { topicHandlers } from "./topics/topic-handlers.ts";

/** Every call of Kafka's protocol that is offered, by Kafka's name: nothing else is announced. */
export function kafkaHandlers(parts: HandlerParts): KafkaHandlers {
  const handlers: KafkaHandlers = {
    ...dataHandlers(parts),
    ...clusterHandlers(parts),
    ...topicHandlers(parts),
    ...configHandlers(parts),
    ...groupHandlers(parts),
  };
  const names = ["ApiVersions", ...Object.keys(handlers)] as readonly KafkaApi[];
  return { ...handlers, ApiVersions: apiVersions(names) };
}
