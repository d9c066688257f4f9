/**
 * What the differential suite does to each server, as plain data: a failing run is told as the list
 * of its last steps.
 */
export type Step =
  /** `kind` wire says bytes, adapter calls `ZooKeeperClient`. */
  | {
      readonly do: "open";
      readonly session: string;
      readonly kind: "wire" | "adapter";
      readonly chroot?: string;
      /** Short ones are for `expire`. */
      readonly lifetime?: "short";
    }
  | { readonly do: "close"; readonly session: string }
  | { readonly do: "disconnect"; readonly session: string }
  /** The connection comes back, with the watches set again; it is ended first if need be. */
  | { readonly do: "reconnect"; readonly session: string }
  /** The connection ends, and the server waits for it in vain. */
  | { readonly do: "expire"; readonly session: string }
  | {
      readonly do: "authenticate";
      readonly session: string;
      readonly scheme: string;
      readonly credential: string;
    }
  /** Several calls are sent before the first answer is awaited. */
  | { readonly do: "call"; readonly session: string; readonly calls: readonly Call[] };

export type CreateCall = {
  readonly op: "create" | "create2" | "createContainer";
  readonly path: string;
  readonly data?: string | undefined;
  readonly flags?: number;
  readonly acl?: AclName;
};

export type Call =
  | CreateCall
  | { readonly op: "createTtl"; readonly path: string; readonly ttlMs: number }
  | { readonly op: "delete"; readonly path: string; readonly version?: number }
  | {
      readonly op: "setData";
      readonly path: string;
      readonly data?: string | undefined;
      readonly version?: number;
    }
  | {
      readonly op: "setAcl";
      readonly path: string;
      readonly acl: AclName;
      readonly version?: number;
    }
  | { readonly op: "check"; readonly path: string; readonly version: number }
  | {
      readonly op: "exists" | "getData" | "getChildren" | "getChildren2";
      readonly path: string;
      readonly watch?: boolean;
    }
  | {
      readonly op: "getAcl" | "sync" | "getAllChildrenNumber" | "getEphemerals";
      readonly path: string;
    }
  | { readonly op: "multi" | "multiRead"; readonly parts: readonly Call[] }
  | { readonly op: "addWatch"; readonly path: string; readonly mode: number }
  | { readonly op: "checkWatches" | "removeWatches"; readonly path: string; readonly type: number }
  | { readonly op: "whoAmI" };

/** `alice:secret`, as the server stores it. */
const ALICE = "alice:aYXlLOpEooaV1cRAvUL1fp9Qt7E=";

/** The ACLs that steps use, by name. */
export const ACLS = {
  open: [[31, "world", "anyone"]],
  read: [[1, "world", "anyone"]],
  noDelete: [[23, "world", "anyone"]],
  nothing: [[0, "world", "anyone"]],
  creator: [[31, "auth", ""]],
  creatorAndReaders: [
    [31, "auth", ""],
    [1, "world", "anyone"],
  ],
  alice: [[31, "digest", ALICE]],
  aliceReads: [
    [1, "digest", ALICE],
    [30, "world", "anyone"],
  ],
  twice: [
    [31, "world", "anyone"],
    [31, "world", "anyone"],
  ],
  localhost: [[31, "ip", "127.0.0.1"]],
  elsewhere: [[31, "ip", "10.0.0.0/8"]],
  empty: [],
  badScheme: [[31, "no-such-scheme", "x"]],
  badDigest: [[31, "digest", "no-colon"]],
  badWorld: [[31, "world", "somebody"]],
  badAddress: [[31, "ip", "300.1.1.1"]],
} as const;

export type AclName = keyof typeof ACLS;
