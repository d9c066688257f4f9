/**
 * The parts of node-zookeeper-client 1.1.3 that the adapter stands on. They are internals of the
 * library, so its version is pinned; `test/conformance/zookeeper/adapter-library.test.ts` says so.
 */

declare module "node-zookeeper-client/lib/ConnectionManager.js" {
  import type { Request, Response } from "node-zookeeper-client/lib/jute/index.js";

  /** An error of the library; `code` is ZooKeeper's number. */
  export type LibraryException = Error & { readonly code: number };
  /** The library's own, and two that we hand to callbacks in its place. */
  export type PacketError =
    | LibraryException
    | { readonly wireCode: number }
    | { readonly malformed: unknown };
  export type PacketCallback = (error: PacketError | null | undefined, response?: Response) => void;
  export type Packet = { readonly request: Request; readonly callback: PacketCallback };

  /** What is used of a `net.Socket`. */
  export type LibrarySocket = {
    readonly destroyed: boolean;
    write(bytes: Buffer): boolean;
    destroy(): void;
    setNoDelay(): void;
    setTimeout(ms: number, whenIdle: () => void): void;
    on(event: "connect" | "drain", listener: () => void): void;
    on(event: "data", listener: (chunk: Buffer) => void): void;
    on(event: "close", listener: (hadError: boolean) => void): void;
    on(event: "error", listener: (error: Error) => void): void;
  };

  export default class ConnectionManager {
    static readonly STATES: {
      readonly DISCONNECTED: 0;
      readonly CONNECTING: 1;
      readonly CONNECTED: 2;
      readonly CLOSING: -1;
      readonly CLOSED: -2;
      readonly SESSION_EXPIRED: -3;
      readonly AUTHENTICATION_FAILED: -4;
    };
    constructor(
      connectString: string,
      options: { readonly sessionTimeout: number; readonly spinDelay: number },
      onState: (state: number) => void,
    );

    state: number;
    xid: number;
    zxid: Buffer;
    sessionId: Buffer;
    sessionTimeout: number;
    /** `undefined` before the first attempt. */
    socket: LibrarySocket | undefined;
    connectTimeoutHandler: NodeJS.Timeout | undefined;
    pendingBuffer: Buffer | null;
    /** Sent, not answered. */
    pendingQueue: Packet[];
    /** Not sent. */
    packetQueue: { queue: Packet[] };
    watcherManager: {
      isEmpty(): boolean;
      emit(event: { readonly type: number; readonly path: string }): void;
    };

    setState(state: number): void;
    connect(): void;
    close(): void;
    queue(request: Request, callback?: PacketCallback): void;
    findNextServer(use: (server: { readonly host: string; readonly port: number }) => void): void;
    cleanupPendingQueue(errorCode: number): void;
    onSocketConnected(): void;
    onSocketConnectTimeout(): void;
    onSocketTimeout(): void;
    onSocketData(chunk: Buffer): void;
    onSocketDrain(): void;
    onSocketError(error: Error): void;
    onSocketClosed(hadError: boolean): void;
  }
}

declare module "node-zookeeper-client/lib/jute/index.js" {
  export interface LibraryRecord {
    setChrootPath(path: string): void;
    byteLength(): number;
  }
  type RecordClass = new (...fields: readonly unknown[]) => LibraryRecord;

  export type StatRecord = {
    readonly czxid: Buffer;
    readonly mzxid: Buffer;
    readonly pzxid: Buffer;
    readonly ctime: Buffer;
    readonly mtime: Buffer;
    readonly ephemeralOwner: Buffer;
    readonly version: number;
    readonly cversion: number;
    readonly aversion: number;
    readonly dataLength: number;
    readonly numChildren: number;
  };
  export type AclRecord = {
    readonly perms: number;
    readonly id: { readonly scheme: string; readonly id: string };
  };
  export type TransactionResult = {
    readonly type: number;
    readonly err?: number;
    readonly path?: string;
    readonly stat?: StatRecord;
  };
  /** The fields of all answers; each answer has those of its operation. */
  export type ResponsePayload = {
    readonly path?: string;
    readonly data?: Buffer;
    readonly stat?: StatRecord;
    readonly children?: readonly string[];
    readonly acl?: readonly AclRecord[];
    readonly results?: readonly TransactionResult[];
  };
  export type Response = {
    readonly header: { readonly zxid: Buffer };
    readonly payload: ResponsePayload | null;
  };
  export type Request = {
    readonly header: { xid: number; readonly type: number };
    readonly payload: LibraryRecord | null;
  };

  export type TransactionOperation = {
    readonly type: number;
    readonly path: string;
    readonly data?: Buffer;
    readonly acls?: readonly { toRecord(): LibraryRecord }[];
    readonly mode?: number;
    readonly version?: number;
  };

  const jute: {
    readonly OP_CODES: Readonly<
      Record<
        | "CREATE"
        | "DELETE"
        | "EXISTS"
        | "GET_DATA"
        | "SET_DATA"
        | "GET_ACL"
        | "SET_ACL"
        | "PING"
        | "GET_CHILDREN2"
        | "CHECK"
        | "MULTI"
        | "AUTH"
        | "SET_WATCHES",
        number
      >
    >;
    readonly XID_NOTIFICATION: number;
    readonly XID_PING: number;
    readonly XID_AUTHENTICATION: number;
    readonly Request: new (header: LibraryRecord, payload: LibraryRecord | null) => Request;
    readonly TransactionRequest: new (operations: readonly TransactionOperation[]) => LibraryRecord;
    readonly data: Readonly<Record<"Id" | "ACL", RecordClass>>;
    readonly protocol: Readonly<
      Record<
        | "RequestHeader"
        | "CreateRequest"
        | "DeleteRequest"
        | "ExistsRequest"
        | "GetDataRequest"
        | "SetDataRequest"
        | "GetChildren2Request"
        | "GetACLRequest"
        | "SetACLRequest"
        | "AuthPacket"
        | "SetWatches",
        RecordClass
      >
    >;
  };
  export default jute;
}
