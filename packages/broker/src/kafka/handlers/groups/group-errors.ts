import { ZoologError } from "@zoolog/base";
import type { ErrorCode } from "@zoolog/protocol";
import { kafkaErrorOf } from "../../kafka-error.ts";

/**
 * As Kafka's coordinators say that they could not, or not in time: its clients look for the
 * coordinator again. Of the codes on the left they know nothing here, and end their consumer.
 */
const AS_COORDINATORS_SAY: Readonly<Record<string, ErrorCode>> = {
  REQUEST_TIMED_OUT: "COORDINATOR_NOT_AVAILABLE",
  BROKER_NOT_AVAILABLE: "COORDINATOR_NOT_AVAILABLE",
  // Of the call to the broker that coordinates: it does not run, or its answer did not arrive.
  CONNECTION_REFUSED: "COORDINATOR_NOT_AVAILABLE",
  NETWORK_EXCEPTION: "COORDINATOR_NOT_AVAILABLE",
  INVALID_RESPONSE: "COORDINATOR_NOT_AVAILABLE",
  CLOSED: "COORDINATOR_NOT_AVAILABLE",
};

export function groupErrorOf(code: string): ErrorCode {
  return AS_COORDINATORS_SAY[code] ?? kafkaErrorOf(code);
}

/**
 * What the client is told of a call that failed as a whole.
 *
 * @throws what is no refusal, but a mistake of ours.
 */
export function refusedWith(error: unknown): ErrorCode {
  if (error instanceof ZoologError) return groupErrorOf(error.code);
  throw error;
}
