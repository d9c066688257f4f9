import type { KafkaHandler } from "../../request-dispatch.ts";
import { givenFields } from "../given-fields.ts";
import { refusedWith } from "./group-errors.ts";
import type { GroupParts } from "./group-parts.ts";

export function heartbeat({ api }: GroupParts): KafkaHandler<"Heartbeat"> {
  return async (request, context) => {
    try {
      return await api.groups.heartbeat(givenFields(request), context);
    } catch (error) {
      return { errorCode: refusedWith(error) };
    }
  };
}
