import { errorMessage } from "@zoolog/base";
import type { ErrorCode } from "@zoolog/protocol";
import { kafkaErrorOf, kafkaErrorOfFailure } from "./kafka-error.ts";

/** Why a topic, partition or setting of a call was refused, as Kafka's answers say it. */
export type Refusal = { readonly errorCode: ErrorCode; readonly errorMessage: string };

export function refusal(code: ErrorCode, message: string): Refusal {
  return { errorCode: code, errorMessage: message };
}

/** Of what was asked for and is not in the answer. */
export const NOT_ANSWERED = refusal("UNKNOWN_SERVER_ERROR", "nothing was answered about it");

/** @param error as `BrokerApi` answers it for one item. */
export function refusalOf(error: { readonly code: string; readonly message: string }): Refusal {
  return { errorCode: kafkaErrorOf(error.code), errorMessage: error.message };
}

/**
 * A call of `BrokerApi` that failed as a whole: Kafka's answers have no place for that, so each item
 * is told.
 *
 * @throws the error itself when it has no name that a client could do something with.
 */
export async function orRefused<T>(call: Promise<T>): Promise<T | { readonly refused: Refusal }> {
  try {
    return await call;
  } catch (error) {
    return { refused: refusal(kafkaErrorOfFailure(error), errorMessage(error)) };
  }
}
