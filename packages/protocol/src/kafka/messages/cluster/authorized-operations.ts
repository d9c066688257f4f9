import { int32 } from "../../schema/message-schema.ts";

/** Kafka's sign for "not asked for": the least 32-bit integer. */
const NOT_ASKED = -0x8000_0000;

/** A set of operations, one bit for each (KIP-430); `undefined` when nobody asked. */
export function authorizedOperations(
  versions: { readonly from?: number; readonly to?: number } = {},
) {
  return int32({ ...versions, absent: NOT_ASKED });
}
