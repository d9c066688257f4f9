import { errorMessage, type Logger } from "@zoolog/base";
import { errorOfWireCode, WIRE_ERROR_CODES, ZooKeeperError } from "../../errors.ts";
import { znodePathFault } from "../../znode-path.ts";
import {
  type ConnectionDependencies,
  type ConnectionOptions,
  ContainedConnection,
} from "../connection/contained-connection.ts";
import { MULTI_OPERATIONS_MAX } from "../limits.ts";
import type { Outcome } from "../wire/outbound-requests.ts";
import type {
  AclEntry,
  Children,
  CreateMode,
  CreateOptions,
  Operation,
  OperationResult,
  SessionState,
  Watch,
  Znode,
  ZnodeStat,
  ZooKeeperClient,
} from "../zookeeper-client.ts";
import { OutstandingRequests } from "./outstanding-requests.ts";
import {
  type ClientRequest,
  createRequest,
  existsRequest,
  getAclRequest,
  getChildrenRequest,
  getDataRequest,
  isSequential,
  multiRequest,
  removeRequest,
  setAclRequest,
  setDataRequest,
  setWatchesPayload,
} from "./request-codec.ts";
import { type WatchKind, WatchTable } from "./watch-table.ts";

export type SessionEvents = {
  /** A server hung up at the handshake once more, so many times in a row. */
  readonly handshakeRefused: (timesInARow: number) => void;
};

/** What goes with some requests besides the request. */
type CallOptions<T> = {
  /** Set when the answer comes. */
  readonly watch?: { readonly kind: WatchKind; readonly call: Watch } | undefined;
  /** What `NO_NODE` means when it is no failure. */
  readonly ifMissing?: () => T;
};

/** What callers see of one session: checked calls go in, promises and watches come out. */
export class ZooKeeperSession implements ZooKeeperClient {
  readonly #connection: ContainedConnection;
  readonly #watches: WatchTable;
  readonly #outstanding = new OutstandingRequests();
  readonly #logger: Logger;
  readonly #chroot: string | undefined;
  readonly #listeners = new Set<(state: SessionState) => void>();

  constructor(
    options: ConnectionOptions,
    dependencies: ConnectionDependencies,
    events: SessionEvents,
  ) {
    this.#logger = dependencies.logger;
    this.#chroot = options.target.chroot;
    this.#watches = new WatchTable({ chroot: this.#chroot }, dependencies.logger);
    this.#connection = new ContainedConnection(options, dependencies, {
      stateChanged: (state) => this.#onState(state),
      watchFired: (type, path) => this.#watches.fire(type, path),
      watchesToRestore: (zxid) =>
        this.#watches.setWatchesRequests().map((paths) => setWatchesPayload(zxid, paths)),
      handshakeRefused: events.handshakeRefused,
    });
  }

  /** Begins to connect. */
  start(): void {
    this.#connection.start();
  }

  /** Resolves as soon as there is a connection; rejects when the session has ended. */
  connected(): Promise<void> {
    return new Promise((resolve, reject) => {
      const look = (): boolean => {
        const { state } = this;
        if (state === "connecting" || state === "suspended") return false;
        if (state === "connected") resolve();
        else reject(this.#connection.endedError("connect"));
        return true;
      };
      if (look()) return;
      const stop = this.onStateChange(() => {
        if (look()) stop();
      });
    });
  }

  /** Ends as expired, without a server's word. */
  abandon(): void {
    this.#connection.abandon();
  }

  get state(): SessionState {
    return this.#connection.state;
  }

  get sessionId(): string | undefined {
    return this.#connection.sessionId;
  }

  get sessionTimeoutMs(): number {
    return this.#connection.sessionTimeoutMs;
  }

  get zxidSeen(): number {
    return this.#connection.zxidSeen;
  }

  /** Why the last attempt to connect failed, for messages. */
  get lastFailure(): string | undefined {
    return this.#connection.lastFailure;
  }

  leaseRemainingMs(): number {
    return this.#connection.leaseRemainingMs;
  }

  onStateChange(listener: (state: SessionState) => void): () => void {
    // A wrapper for each call: the same function may listen twice.
    const own = (state: SessionState): void => listener(state);
    this.#listeners.add(own);
    return () => this.#listeners.delete(own);
  }

  create(path: string, data: Uint8Array, options: CreateOptions = {}): Promise<string> {
    const fault = pathError({ path, mode: options.mode });
    if (fault !== undefined) return Promise.reject(fault);
    return this.#send(() => createRequest(path, data, options));
  }

  exists(path: string, watch?: Watch): Promise<ZnodeStat | undefined> {
    return this.#call<ZnodeStat | undefined>(path, () => existsRequest(path, watch !== undefined), {
      watch: watch && { kind: "data", call: watch },
      ifMissing: () => {
        if (watch !== undefined) this.#watches.add("existence", path, watch);
        return undefined;
      },
    });
  }

  getData(path: string, watch?: Watch): Promise<Znode> {
    return this.#call(path, () => getDataRequest(path, watch !== undefined), {
      watch: watch && { kind: "data", call: watch },
    });
  }

  setData(path: string, data: Uint8Array, version?: number): Promise<ZnodeStat> {
    return this.#call(path, () => setDataRequest(path, data, version));
  }

  remove(path: string, version?: number): Promise<void> {
    return this.#call(path, () => removeRequest(path, version));
  }

  getChildren(path: string, watch?: Watch): Promise<Children> {
    return this.#call(path, () => getChildrenRequest(path, watch !== undefined), {
      watch: watch && { kind: "children", call: watch },
    });
  }

  getAcl(path: string): Promise<{ readonly acl: readonly AclEntry[]; readonly stat: ZnodeStat }> {
    return this.#call(path, () => getAclRequest(path));
  }

  setAcl(path: string, acl: readonly AclEntry[], aclVersion?: number): Promise<ZnodeStat> {
    return this.#call(path, () => setAclRequest(path, acl, aclVersion));
  }

  multi(operations: readonly Operation[]): Promise<readonly OperationResult[]> {
    if (operations.length > MULTI_OPERATIONS_MAX) {
      return Promise.reject(tooManyOperations(operations.length));
    }
    for (const [operationIndex, operation] of operations.entries()) {
      const mode = operation.type === "create" ? operation.mode : undefined;
      const fault = pathError({ path: operation.path, mode, operationIndex });
      if (fault !== undefined) return Promise.reject(fault);
    }
    return this.#send(() => multiRequest(operations));
  }

  async barrier(): Promise<void> {
    await this.multi([{ type: "check", path: "/" }]);
  }

  addAuth(scheme: string, credential: Uint8Array): Promise<void> {
    return this.#connection.addAuth(scheme, credential);
  }

  close(): Promise<void> {
    return this.#connection.close();
  }

  #call<T>(path: string, build: () => ClientRequest<T>, options: CallOptions<T> = {}): Promise<T> {
    const fault = pathError({ path });
    return fault === undefined ? this.#send(build, options) : Promise.reject(fault);
  }

  #send<T>(build: () => ClientRequest<T>, options: CallOptions<T> = {}): Promise<T> {
    return new Promise((resolve, reject) => {
      const request = build();
      const { state } = this.#connection;
      if (state !== "connected") throw this.#notConnected(request.operation, state);
      if (this.#chroot !== undefined) request.payload.setChrootPath(this.#chroot);
      const bytes = request.payload.byteLength();
      this.#outstanding.assertRoom(request.operation, bytes);
      if (options.watch !== undefined) this.#watches.assertRoom();
      this.#outstanding.began(bytes);
      this.#connection.send(request, (outcome) => {
        this.#outstanding.ended(bytes);
        try {
          resolve(this.#conclude(request, outcome, options));
        } catch (error) {
          reject(error);
        }
      });
    });
  }

  #conclude<T>(request: ClientRequest<T>, outcome: Outcome, options: CallOptions<T>): T {
    switch (outcome.kind) {
      case "answered": {
        const answer = request.decode(outcome.payload);
        if (options.watch !== undefined) {
          this.#watches.add(options.watch.kind, request.path, options.watch.call);
        }
        return answer;
      }
      case "refused":
        if (outcome.wireCode === WIRE_ERROR_CODES.NO_NODE && options.ifMissing !== undefined) {
          return options.ifMissing();
        }
        throw errorOfWireCode(outcome.wireCode, request);
      case "lost":
        throw new ZooKeeperError({
          code: "CONNECTION_LOSS",
          message: `the connection was lost before ${request.operation} of ${request.path} was answered`,
          path: request.path,
        });
      case "malformed":
        throw new ZooKeeperError({
          code: "PROTOCOL_ERROR",
          message: `the answer to ${request.operation} of ${request.path} cannot be read`,
          path: request.path,
          cause: outcome.cause,
        });
    }
  }

  #notConnected(operation: string, state: SessionState): ZooKeeperError {
    if (state === "expired" || state === "closed") return this.#connection.endedError(operation);
    return new ZooKeeperError({
      code: "CONNECTION_LOSS",
      message: `${operation} while the client is ${state}: nothing was sent`,
      hint: "Wait until the client is connected, then call again.",
    });
  }

  #onState(state: SessionState): void {
    this.#logger.info("zookeeper session state changed", { state, sessionId: this.sessionId });
    for (const listener of [...this.#listeners]) {
      try {
        listener(state);
      } catch (error) {
        this.#logger.error("state listener threw", { state, error: errorMessage(error) });
      }
    }
    if (state === "expired" || state === "closed") this.#watches.endSession();
  }
}

function pathError(where: {
  readonly path: string;
  readonly mode?: CreateMode | undefined;
  readonly operationIndex?: number;
}): ZooKeeperError | undefined {
  // The server puts a number behind a sequential path before it checks it: `/a/` is legal.
  const fault = znodePathFault(isSequential(where.mode) ? `${where.path}1` : where.path);
  if (fault === undefined) return undefined;
  return new ZooKeeperError({
    code: "INVALID_PATH",
    message: `"${where.path}" is no path of a znode: ${fault}`,
    path: where.path,
    operationIndex: where.operationIndex,
  });
}

function tooManyOperations(count: number): ZooKeeperError {
  return new ZooKeeperError({
    code: "REQUEST_TOO_LARGE",
    message: `a multi of ${count} operations is over the limit of ${MULTI_OPERATIONS_MAX}`,
    hint: "Split it.",
  });
}
