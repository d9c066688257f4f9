import type { ErrorCode, KafkaResponse } from "@zoolog/protocol";
import { kafkaErrorOf } from "../../kafka-error.ts";
import type { KafkaHandler } from "../../request-dispatch.ts";
import { givenFields } from "../given-fields.ts";
import { refusedWith } from "./group-errors.ts";
import type { GroupParts } from "./group-parts.ts";

/** The version whose clients know that they are to come back with the id they are given (KIP-394). */
const JOINS_TWICE_FROM = 4;
/** The version whose clients may lead without assigning (KIP-814). */
const SKIPS_ASSIGNMENT_FROM = 9;

/** Waits for the group's other members, and the connection's later requests for it, as in Kafka. */
export function joinGroup({ api }: GroupParts): KafkaHandler<"JoinGroup"> {
  return async (request, context) => {
    const { apiVersion } = context;
    const { memberId, rebalanceTimeoutMs, ...joining } = request;
    context.markWaiting();
    try {
      const joined = await api.groups["join-group"](
        {
          ...givenFields({ ...joining, memberId }),
          // Before version 1 there was one time for both.
          rebalanceTimeoutMs: rebalanceTimeoutMs ?? request.sessionTimeoutMs,
          joinsTwice: apiVersion >= JOINS_TWICE_FROM,
          skipsAssignment: apiVersion >= SKIPS_ASSIGNMENT_FROM,
        },
        context,
      );
      if ("error" in joined) return refused(kafkaErrorOf(joined.error.code), joined.memberId);
      return joined;
    } catch (error) {
      return refused(refusedWith(error), memberId);
    }
  };
}

function refused(errorCode: ErrorCode, memberId: string | undefined): KafkaResponse<"JoinGroup"> {
  return { errorCode, memberId, members: [] };
}
