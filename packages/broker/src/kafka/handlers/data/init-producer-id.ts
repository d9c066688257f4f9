import { ZoologError } from "@zoolog/base";
import type { ErrorCode } from "@zoolog/protocol";
import { kafkaErrorOfFailure } from "../../kafka-error.ts";
import type { KafkaHandler } from "../../request-dispatch.ts";
import type { HandlerParts } from "../handler-parts.ts";

/** An id for an idempotent producer, which every Java producer since 3.0 is unless told otherwise. */
export function initProducerId({ api }: HandlerParts): KafkaHandler<"InitProducerId"> {
  return async ({ transactionalId, producerId, producerEpoch }, context) => {
    if (transactionalId === "") return refused("INVALID_REQUEST");
    const asked = {
      ...(transactionalId !== undefined && { transactionalId }),
      ...(producerId !== undefined && { producerId }),
      ...(producerEpoch !== undefined && { producerEpoch }),
    };
    try {
      return await api.initProducerId(asked, context);
    } catch (error) {
      return refused(codeOf(error));
    }
  };
}

function refused(errorCode: ErrorCode) {
  return { errorCode, producerId: undefined, producerEpoch: -1 };
}

/** Without ids to give away Kafka says that it is still loading, and clients ask again. */
function codeOf(failure: unknown): ErrorCode {
  const isAway = failure instanceof ZoologError && failure.code === "COORDINATION_UNAVAILABLE";
  return isAway ? "COORDINATOR_LOAD_IN_PROGRESS" : kafkaErrorOfFailure(failure);
}
