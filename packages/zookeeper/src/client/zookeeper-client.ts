/**
 * What a ZooKeeper client is to the rest of Zoolog. The adapter over node-zookeeper-client
 * implements it; an own client could replace the adapter, the conformance suite is the same.
 *
 * One client object is one session. A session that ended (`expired`, `closed`) never comes back:
 * make a new client. Calls never wait for a connection: while there is none they reject at once
 * with `CONNECTION_LOSS`, and nothing is sent later. After `CONNECTION_LOSS` a write may or may not
 * have been applied: find out by reading (`barrier` first), never by repeating it blindly.
 *
 * Every failure is a `ZooKeeperError`; its `code` says which (`NO_NODE`, `BAD_VERSION`, …).
 */
export interface ZooKeeperClient {
  readonly state: SessionState;
  /** 16 hex digits, as ZooKeeper prints them; `undefined` before the first connection. */
  readonly sessionId: string | undefined;
  /** What the server granted, milliseconds. */
  readonly sessionTimeoutMs: number;
  /**
   * Milliseconds, by the own monotonic clock, until the server may have expired the session: counted
   * from the moment the last answered request was *sent*. At 0 or less the lease is over; ephemerals
   * may be gone and others may have taken what we held. 0 before the first connection.
   *
   * It bounds how long we were without *a server*. A server cut off from its quorum goes on
   * answering pings for `syncLimit` ticks: what must hold against that too needs a fenced write.
   */
  leaseRemainingMs(): number;
  /**
   * Zxid of the last answer; 0 before the first one. What is answered is committed, so later sessions
   * with the same ensemble see higher ones, unless its data was replaced by an older state.
   */
  readonly zxidSeen: number;
  /** Called on each change of `state`, in order. The returned function ends it. */
  onStateChange(listener: (state: SessionState) => void): () => void;

  /** Answers the path created, which ends in 10 digits for sequential modes. */
  create(path: string, data: Uint8Array, options?: CreateOptions): Promise<string>;
  /** `undefined` when there is no such znode (a watch given is then set on its creation). */
  exists(path: string, watch?: Watch): Promise<ZnodeStat | undefined>;
  getData(path: string, watch?: Watch): Promise<Znode>;
  /** `version` `undefined` means any. Version 0 means 0. */
  setData(path: string, data: Uint8Array, version?: number): Promise<ZnodeStat>;
  remove(path: string, version?: number): Promise<void>;
  /** Names, sorted. */
  getChildren(path: string, watch?: Watch): Promise<Children>;
  getAcl(path: string): Promise<{ readonly acl: readonly AclEntry[]; readonly stat: ZnodeStat }>;
  setAcl(path: string, acl: readonly AclEntry[], aclVersion?: number): Promise<ZnodeStat>;
  /**
   * All or nothing. Rejects with the `ZooKeeperError` of the operation that failed, its index in
   * `operationIndex`.
   */
  multi(operations: readonly Operation[]): Promise<readonly OperationResult[]>;
  /** A quorum write in session order: what is read after it is at least as new as its start. */
  barrier(): Promise<void>;
  /**
   * Authenticates this session, now and after each reconnect before anything else is sent. Rejects
   * with `AUTH_FAILED` when a server refuses; the server then ends the connection, the client is
   * `closed`.
   */
  addAuth(scheme: string, credential: Uint8Array): Promise<void>;
  /** Ends the session (ephemerals go at once). Bounded in time, safe in every state, idempotent. */
  close(): Promise<void>;
}

/**
 * ```
 * connecting ──▶ connected ◀──▶ suspended     (connection lost, session perhaps alive)
 *     │              └──────────────┴──▶ expired   (told by a server, or the own lease is over
 *     └──▶ closed ◀── from every state                and a server confirmed it)
 * ```
 *
 * `closed` follows `close()`, and an authentication that a server refused.
 */
export type SessionState = "connecting" | "connected" | "suspended" | "expired" | "closed";

/**
 * One shot: called at most once, and also, as a hint to look again, when the session ends (expired
 * or closed). Belongs to the answer: a call that rejects sets no watch, `exists` of a missing znode
 * does. Survives reconnects. What it throws is logged and goes nowhere else.
 */
export type Watch = (event: WatchEvent) => void;

export type WatchEvent = {
  readonly kind: "created" | "deleted" | "dataChanged" | "childrenChanged" | "sessionEnded";
  readonly path: string;
};

export type CreateMode =
  | "persistent"
  | "ephemeral"
  | "persistentSequential"
  | "ephemeralSequential";

export type CreateOptions = {
  /** Default `"persistent"`. */
  readonly mode?: CreateMode;
  /** Default: world may do everything. */
  readonly acl?: readonly AclEntry[];
};

export type AclEntry = {
  readonly scheme: string;
  readonly id: string;
  readonly permissions: number;
};

/** Bits of `AclEntry.permissions`. */
export const ACL_PERMISSIONS = {
  read: 1,
  write: 2,
  create: 4,
  delete: 8,
  admin: 16,
  all: 31,
} as const;

export type ZnodeStat = {
  readonly czxid: number;
  readonly mzxid: number;
  readonly pzxid: number;
  /** Milliseconds since 1970, by the server's clock. */
  readonly ctime: number;
  readonly mtime: number;
  readonly version: number;
  readonly cversion: number;
  readonly aversion: number;
  /** Session id of the owner, 16 hex digits; `undefined` for persistent znodes. */
  readonly ephemeralOwner: string | undefined;
  readonly dataLength: number;
  readonly numChildren: number;
};

export type Znode = { readonly data: Uint8Array; readonly stat: ZnodeStat };
export type Children = { readonly names: readonly string[]; readonly stat: ZnodeStat };

export type Operation =
  | {
      readonly type: "create";
      readonly path: string;
      readonly data: Uint8Array;
      readonly mode?: CreateMode;
      readonly acl?: readonly AclEntry[];
    }
  | {
      readonly type: "setData";
      readonly path: string;
      readonly data: Uint8Array;
      readonly version?: number;
    }
  | { readonly type: "remove"; readonly path: string; readonly version?: number }
  | { readonly type: "check"; readonly path: string; readonly version?: number };

export type OperationResult =
  | { readonly type: "create"; readonly path: string }
  | { readonly type: "setData"; readonly stat: ZnodeStat }
  | { readonly type: "remove" }
  | { readonly type: "check" };
