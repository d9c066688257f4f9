import type { Branded } from "@zoolog/base";
import type { AclEntry } from "../../client/zookeeper-client.ts";

/**
 * Names a session for ever: the server's epoch in the high bits, a counter in the low 32. Always a
 * safe integer above 0.
 */
export type SessionId = Branded<number, "SessionId">;

/**
 * A change that has been decided: it holds results (the new version, the new counter of the
 * parent), not conditions, so applying it cannot fail and replay needs nothing but the order.
 */
export type Transaction =
  | SingleChange
  | { readonly type: "multi"; readonly changes: readonly SingleChange[] }
  | {
      readonly type: "createSession";
      readonly sessionId: SessionId;
      readonly timeoutMs: number;
      readonly password: Uint8Array;
    }
  | {
      readonly type: "closeSession";
      readonly sessionId: SessionId;
      /** The ephemerals that go with it. */
      readonly paths: readonly string[];
    };

export type SingleChange =
  | {
      readonly type: "create";
      readonly path: string;
      readonly data: Uint8Array | undefined;
      readonly acl: readonly AclEntry[];
      /** The session it lives and dies with; `undefined` for a persistent one. */
      readonly owner: SessionId | undefined;
      readonly isContainer: boolean;
      /** The parent's counter of creations, this one included. */
      readonly parentCreations: number;
    }
  | { readonly type: "delete"; readonly path: string }
  | {
      readonly type: "setData";
      readonly path: string;
      readonly data: Uint8Array | undefined;
      readonly version: number;
    }
  | {
      readonly type: "setAcl";
      readonly path: string;
      readonly acl: readonly AclEntry[];
      readonly version: number;
    }
  /** Held when it was decided; changes nothing. */
  | { readonly type: "check"; readonly path: string };

/** A transaction with its place in the order of all of them. */
export type LoggedTransaction = {
  /** Epoch of the server in the high 32 bits, a counter in the low ones; rises strictly. */
  readonly zxid: number;
  /** When it was decided, milliseconds since 1970. */
  readonly time: number;
  readonly transaction: Transaction;
};
