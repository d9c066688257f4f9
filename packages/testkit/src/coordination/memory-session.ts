import type { Clock } from "@zoolog/base";
import {
  type AclEntry,
  type Children,
  type CreateOptions,
  type Operation,
  type OperationResult,
  type SessionState,
  type Watch,
  type Znode,
  type ZnodeStat,
  type ZooKeeperClient,
  ZooKeeperError,
  type ZooKeeperErrorCode,
} from "@zoolog/zookeeper";
import { MemoryWatches } from "./memory-watches.ts";
import type { MemoryZnodes, TransactionResult, ZnodeEvent } from "./memory-znodes.ts";

/** What a fault can be aimed at. */
export type MemoryRequest = {
  readonly kind: "read" | "write";
  readonly operations: readonly (Operation | { readonly type: "read"; readonly path: string })[];
};

/** When a connection breaks around a request. */
export type LostAround = "beforeApply" | "afterApply";

/** What a session needs of its ensemble. */
export interface MemoryServer {
  readonly clock: Clock;
  readonly znodes: MemoryZnodes;
  run(operations: readonly Operation[], sessionId: string): TransactionResult;
  /** Runs `arrive` after the time that a packet takes, in the order sent. */
  travel(arrive: () => void): void;
  takeFault(session: MemorySession, request: MemoryRequest): LostAround | undefined;
  dropConnection(session: MemorySession): void;
  endSession(session: MemorySession): void;
}

type Outstanding = { readonly reject: (error: Error) => void };

/**
 * One session with a `MemoryEnsemble`, seen from the client. Requests travel in order; a connection
 * that is cut loses the answers on their way, and the requests that have not arrived.
 */
export class MemorySession implements ZooKeeperClient {
  readonly name: string;
  readonly sessionId: string;
  readonly sessionTimeoutMs: number;
  readonly #server: MemoryServer;
  readonly #watches = new MemoryWatches();
  readonly #listeners = new Set<(state: SessionState) => void>();
  readonly #outstanding = new Set<Outstanding>();
  /** Counts connections: what travelled on an earlier one never arrives. */
  #connection = 0;
  #state: SessionState = "connected";
  #lastContact: number;
  #lastZxid = 0;
  #staleView: MemoryZnodes | undefined;

  constructor(
    options: {
      readonly name: string;
      readonly sessionId: string;
      readonly sessionTimeoutMs: number;
    },
    server: MemoryServer,
  ) {
    this.name = options.name;
    this.sessionId = options.sessionId;
    this.sessionTimeoutMs = options.sessionTimeoutMs;
    this.#server = server;
    this.#lastContact = server.clock.monotonic();
  }

  get state(): SessionState {
    return this.#state;
  }

  get zxidSeen(): number {
    return this.#lastZxid;
  }

  leaseRemainingMs(): number {
    if (this.#state === "expired" || this.#state === "closed") return 0;
    const now = this.#server.clock.monotonic();
    // Pings go on while there is a connection.
    if (this.#state === "connected") this.#lastContact = now;
    return this.#lastContact + this.sessionTimeoutMs - now;
  }

  onStateChange(listener: (state: SessionState) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async create(path: string, data: Uint8Array, options: CreateOptions = {}): Promise<string> {
    const [result] = await this.#write([{ type: "create", path, data, ...options }], "single");
    return result?.type === "create" ? result.path : path;
  }

  exists(path: string, watch?: Watch): Promise<ZnodeStat | undefined> {
    return this.#read(path, (znodes) => {
      const stat = znodes.stat(path);
      if (watch !== undefined) {
        this.#watches.add(stat === undefined ? "existence" : "data", path, watch);
      }
      return stat;
    });
  }

  getData(path: string, watch?: Watch): Promise<Znode> {
    return this.#read(path, (znodes) => {
      const data = znodes.data(path);
      const stat = znodes.stat(path);
      if (data === undefined || stat === undefined) throw zooKeeperError("NO_NODE", path);
      if (watch !== undefined) this.#watches.add("data", path, watch);
      return { data: Uint8Array.from(data), stat };
    });
  }

  async setData(path: string, data: Uint8Array, version?: number): Promise<ZnodeStat> {
    const operation = { type: "setData", path, data, ...withVersion(version) } as const;
    const [result] = await this.#write([operation], "single");
    if (result?.type !== "setData") throw new Error("a setData answers a stat");
    return result.stat;
  }

  async remove(path: string, version?: number): Promise<void> {
    await this.#write([{ type: "remove", path, ...withVersion(version) }], "single");
  }

  getChildren(path: string, watch?: Watch): Promise<Children> {
    return this.#read(path, (znodes) => {
      const names = znodes.children(path);
      const stat = znodes.stat(path);
      if (names === undefined || stat === undefined) throw zooKeeperError("NO_NODE", path);
      if (watch !== undefined) this.#watches.add("children", path, watch);
      return { names, stat };
    });
  }

  getAcl(path: string): Promise<{ readonly acl: readonly AclEntry[]; readonly stat: ZnodeStat }> {
    return this.#read(path, (znodes) => {
      const acl = znodes.acl(path);
      const stat = znodes.stat(path);
      if (acl === undefined || stat === undefined) throw zooKeeperError("NO_NODE", path);
      return { acl, stat };
    });
  }

  setAcl(path: string, acl: readonly AclEntry[], aclVersion?: number): Promise<ZnodeStat> {
    return this.#submit({ kind: "write", operations: [{ type: "read", path }] }, () => {
      const stat = this.#server.znodes.setAcl(path, acl, aclVersion);
      if (stat !== "refused") return stat;
      const missing = this.#server.znodes.stat(path) === undefined;
      throw zooKeeperError(missing ? "NO_NODE" : "BAD_VERSION", path);
    });
  }

  multi(operations: readonly Operation[]): Promise<readonly OperationResult[]> {
    return this.#write(operations, "multi");
  }

  async barrier(): Promise<void> {
    await this.#write([{ type: "check", path: "/" }], "multi");
  }

  addAuth(): Promise<void> {
    return Promise.resolve();
  }

  /** The server ends the session at once when it can be reached, by its timeout otherwise. */
  async close(): Promise<void> {
    if (this.#state === "closed") return;
    const reachable = this.#state === "connected";
    this.#end("closed", "CLIENT_CLOSED");
    if (reachable) this.#server.endSession(this);
  }

  /**
   * Reads see the ensemble as it is now, or as it is for `laggard`, until a write of this session: as
   * at a server that lags.
   */
  freezeReads(laggard?: MemorySession): void {
    const stale = laggard === undefined ? undefined : laggard.#staleView;
    this.#staleView = stale ?? this.#server.znodes.copy();
  }

  /** The connection breaks: what is on its way is lost. The session may go on. */
  disconnected(): void {
    if (this.#state !== "connected") return;
    this.#lastContact = this.#server.clock.monotonic();
    this.#connection += 1;
    this.#setState("suspended");
    this.#rejectOutstanding("CONNECTION_LOSS");
  }

  /** A server took the session back. */
  reconnected(): void {
    if (this.#state !== "suspended") return;
    this.#staleView = undefined;
    this.#setState("connected");
    for (const { event, watches } of this.#watches.missed(this.#server.znodes, this.#lastZxid)) {
      this.#deliver(() => this.#fire(event, watches));
    }
  }

  /** A server told that the session has ended. */
  expired(): void {
    if (this.#state === "connected" || this.#state === "suspended") {
      this.#end("expired", "SESSION_EXPIRED");
    }
  }

  /** The ensemble changed. */
  notify(event: ZnodeEvent): void {
    if (this.#state !== "connected") return;
    const watches = this.#watches.take(event);
    if (watches.length === 0) return;
    const restore = (): void => {
      for (const watch of watches) this.#restore(event, watch);
    };
    this.#deliver(() => this.#fire(event, watches), restore);
  }

  /** An event that was lost with its connection: SetWatches will find it out. */
  #restore(event: ZnodeEvent, watch: Watch): void {
    if (event.kind === "childrenChanged") this.#watches.add("children", event.path, watch);
    else this.#watches.add(event.kind === "created" ? "existence" : "data", event.path, watch);
  }

  #fire(event: ZnodeEvent, watches: readonly Watch[]): void {
    for (const watch of watches) watch(event);
  }

  #read<T>(path: string, read: (znodes: MemoryZnodes) => T): Promise<T> {
    return this.#submit({ kind: "read", operations: [{ type: "read", path }] }, () =>
      read(this.#staleView ?? this.#server.znodes),
    );
  }

  #write(
    operations: readonly Operation[],
    shape: "single" | "multi",
  ): Promise<readonly OperationResult[]> {
    return this.#submit({ kind: "write", operations }, () => {
      this.#staleView = undefined;
      const result = this.#server.run(operations, this.sessionId);
      if (result.ok) return result.results;
      const index = shape === "multi" ? result.index : undefined;
      throw zooKeeperError(result.code, operations[result.index]?.path, index);
    });
  }

  /** Sends a request; `apply` runs where and when it arrives. */
  #submit<T>(request: MemoryRequest, apply: () => T): Promise<T> {
    if (this.#state !== "connected") return Promise.reject(this.#notConnected());
    const connection = this.#connection;
    const fault = this.#server.takeFault(this, request);
    return new Promise<T>((resolve, reject) => {
      const outstanding: Outstanding = { reject };
      this.#outstanding.add(outstanding);
      this.#server.travel(() => {
        if (connection !== this.#connection || this.#state !== "connected") return;
        if (fault === "beforeApply") return this.#server.dropConnection(this);
        const answer = attempt(apply);
        if (fault === "afterApply") return this.#server.dropConnection(this);
        const zxid = this.#server.znodes.zxid;
        this.#deliver(() => {
          this.#lastZxid = zxid;
          this.#outstanding.delete(outstanding);
          if ("value" in answer) resolve(answer.value);
          else reject(answer.error);
        });
      });
    });
  }

  /** Runs `arrive` at the client if the connection lives so long, else `lost`. */
  #deliver(arrive: () => void, lost: () => void = () => {}): void {
    const connection = this.#connection;
    this.#server.travel(() => {
      if (connection === this.#connection && this.#state === "connected") arrive();
      else lost();
    });
  }

  #end(state: "expired" | "closed", code: ZooKeeperErrorCode): void {
    this.#connection += 1;
    this.#setState(state);
    this.#rejectOutstanding(code);
    for (const [path, watch] of this.#watches.takeAll()) watch({ kind: "sessionEnded", path });
  }

  #rejectOutstanding(code: ZooKeeperErrorCode): void {
    const outstanding = [...this.#outstanding];
    this.#outstanding.clear();
    for (const { reject } of outstanding) reject(zooKeeperError(code));
  }

  #notConnected(): Error {
    if (this.#state === "expired") return zooKeeperError("SESSION_EXPIRED");
    if (this.#state === "closed") return zooKeeperError("CLIENT_CLOSED");
    return zooKeeperError("CONNECTION_LOSS");
  }

  #setState(state: SessionState): void {
    this.#state = state;
    for (const listener of [...this.#listeners]) listener(state);
  }
}

function attempt<T>(task: () => T): { readonly value: T } | { readonly error: Error } {
  try {
    return { value: task() };
  } catch (error) {
    if (error instanceof Error) return { error };
    throw error;
  }
}

function withVersion(version: number | undefined): { version: number } | undefined {
  return version === undefined ? undefined : { version };
}

function zooKeeperError(
  code: ZooKeeperErrorCode,
  path?: string,
  operationIndex?: number,
): ZooKeeperError {
  const on = path === undefined ? "" : ` on ${path}`;
  return new ZooKeeperError({
    code,
    message: `memory ensemble: ${code}${on}`,
    path,
    operationIndex,
  });
}
