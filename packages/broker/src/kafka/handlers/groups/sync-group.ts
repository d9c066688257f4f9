import type { KafkaHandler } from "../../request-dispatch.ts";
import { givenFields } from "../given-fields.ts";
import { refusedWith } from "./group-errors.ts";
import type { GroupParts } from "./group-parts.ts";

const NO_BYTES = new Uint8Array();

/** Waits for the leader's assignment, and the connection's later requests for it, as in Kafka. */
export function syncGroup({ api }: GroupParts): KafkaHandler<"SyncGroup"> {
  return async (request, context) => {
    context.markWaiting();
    try {
      return await api.groups["sync-group"](givenFields(request), context);
    } catch (error) {
      return { errorCode: refusedWith(error), assignment: NO_BYTES };
    }
  };
}
