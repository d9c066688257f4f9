export type IsolationLevel = "readCommitted" | "readUncommitted";

/** Kafka's number (KIP-98); any other one is the weaker level, as there. */
const READ_COMMITTED = 1;

export function isolationOf(request: { readonly isolationLevel: number }): IsolationLevel {
  return request.isolationLevel === READ_COMMITTED ? "readCommitted" : "readUncommitted";
}
