import type { KafkaHandlers } from "../../request-dispatch.ts";
import type { HandlerParts } from "../handler-parts.ts";
import { fetch } from "./fetch.ts";
import { initProducerId } from "./init-producer-id.ts";
import { listOffsets } from "./list-offsets.ts";
import { offsetForLeaderEpoch } from "./offset-for-leader-epoch.ts";
import { produce } from "./produce.ts";

/** What records are written and read with. */
export function dataHandlers(parts: HandlerParts) {
  return {
    Produce: produce(parts),
    Fetch: fetch(parts),
    ListOffsets: listOffsets(parts),
    InitProducerId: initProducerId(parts),
    OffsetForLeaderEpoch: offsetForLeaderEpoch(parts),
  } satisfies KafkaHandlers;
}
