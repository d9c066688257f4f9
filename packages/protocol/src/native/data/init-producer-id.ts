import { int32, int64, integer, object, optional, type Static, text } from "../schema.ts";

/**
 * Kafka's InitProducerId (key 22). Without a transactional id: a fresh id for an idempotent
 * producer. `producerId` and `producerEpoch` ask for the next epoch of an id one has (KIP-360).
 */
export const initProducerIdRequest = object({
  transactionalId: optional(text({ maxLength: 249 })),
  transactionTimeoutMs: optional(integer({ minimum: 1, maximum: 900_000 })),
  producerId: optional(int64),
  producerEpoch: optional(int32),
});
export type InitProducerIdRequest = Static<typeof initProducerIdRequest>;

export const initProducerIdResponse = object({ producerId: int64, producerEpoch: int32 });
export type InitProducerIdResponse = Static<typeof initProducerIdResponse>;
