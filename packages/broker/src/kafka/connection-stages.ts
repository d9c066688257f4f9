import type { Connection } from "@zoolog/base";
import { ANONYMOUS, type Principal } from "../principal.ts";

/** A connection that requests are served on: by which bytes, and for whom. */
export type ServedConnection = {
  readonly connection: Connection;
  /** Name of the listener that it came in by. */
  readonly listener: string;
  readonly remoteAddress: string;
  readonly principal: Principal;
};

/**
 * What lies between accepting a connection and serving it: accept → [TLS] → [SASL] → serve. A stage
 * gets what the one before it has made, and gives on another connection (TLS) or principal (SASL).
 * A plaintext listener has none: who speaks on it is nobody.
 */
export function passStages(
  connection: Connection,
  came: { readonly listener: string; readonly remoteAddress: string },
): ServedConnection {
  return { connection, ...came, principal: ANONYMOUS };
}
