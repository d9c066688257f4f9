import type { KafkaApi } from "@zoolog/protocol";
import type { BrokerApi } from "../../broker-api.ts";
import type { KafkaHandlers } from "../request-dispatch.ts";
import { apiVersions } from "./api-versions.ts";
import { dataHandlers } from "./data/data-handlers.ts";
import { groupHandlers } from "./groups/group-handlers.ts";
import { metadata } from "./metadata.ts";

/** Every call of Kafka's protocol that is offered, by Kafka's name: nothing else is announced. */
export function kafkaHandlers(parts: { readonly api: BrokerApi }): KafkaHandlers {
  const handlers: KafkaHandlers = {
    ...dataHandlers(parts),
    Metadata: metadata(parts),
    ...groupHandlers(parts),
  };
  const names = ["ApiVersions", ...Object.keys(handlers)] as readonly KafkaApi[];
  return { ...handlers, ApiVersions: apiVersions(names) };
}
