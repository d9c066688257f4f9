import { type Refusal, refusal } from "../../call-failure.ts";

/** Native calls have no word for a negative broker: it is refused before they are asked. */
export function brokerIdFault(
  assignments: readonly { readonly brokerIds: readonly number[] }[],
): Refusal | undefined {
  const wrong = assignments.flatMap(({ brokerIds }) => brokerIds).find((id) => id < 0);
  if (wrong === undefined) return undefined;
  return refusal("INVALID_REPLICA_ASSIGNMENT", `there is no broker ${wrong}`);
}
