import { ACL_PERMISSIONS, type AclEntry } from "../../client/zookeeper-client.ts";
import { SPECIAL_XIDS } from "../../jute/op-codes.ts";
import { type Credential, permits } from "../tree/access-control.ts";
import type { Watcher, WatchNotice } from "../tree/watch-registry.ts";
import type { ReplyEncoder } from "../wire/reply-encoder.ts";
import type { Session } from "./session-tracker.ts";

/** Where a connection's frames go. The shell puts a socket behind it, a test an array. */
export interface ConnectionSink {
  /** One whole frame, its length first. Never blocks. */
  send(frame: Uint8Array): void;
  /** Ends the connection once everything sent has left. */
  close(): void;
  /** So much waits to be taken that nothing more should be asked for now. */
  readonly isCongested: boolean;
}

/** A request that waits until the session's own writes before it are applied. */
export type WaitingRead = {
  readonly afterZxid: number;
  readonly frame: Uint8Array;
  readonly receivedAt: number;
};

/**
 * ```
 * new ──▶ opening ──▶ open ──▶ closed      opening: the new session is not durable yet
 *   └────────┴──────────────────▲
 * ```
 */
type Phase = "new" | "opening" | "open" | "closed";

/** `EventType` and `KeeperState.SyncConnected` of ZooKeeper. */
const EVENT_TYPES = { created: 1, deleted: 2, dataChanged: 3, childrenChanged: 4 } as const;
const SYNC_CONNECTED = 3;

/** One client's connection, as the core sees it. */
export class ClientConnection implements Watcher {
  readonly sink: ConnectionSink;
  /** The client's IP address. */
  readonly address: string;
  /** Not the one for replies: events are sent while a reply is being written. */
  readonly #eventEncoder: ReplyEncoder;
  readonly waitingReads: WaitingRead[] = [];
  credentials: readonly Credential[];
  phase: Phase = "new";
  session: Session | undefined;
  /** As granted for this connection, which may differ from what the session was opened with. */
  timeoutMs = 0;
  expectsReadOnlyFlag = true;
  /** Writes that are not answered yet. */
  pendingWrites = 0;
  received = 0;
  sent = 0;

  constructor(
    options: { readonly address: string },
    dependencies: { readonly sink: ConnectionSink; readonly eventEncoder: ReplyEncoder },
  ) {
    this.address = options.address;
    this.credentials = [{ scheme: "ip", id: options.address }];
    this.sink = dependencies.sink;
    this.#eventEncoder = dependencies.eventEncoder;
  }

  send(frame: Uint8Array): void {
    this.sent += 1;
    this.sink.send(frame);
  }

  addCredential(credential: Credential): void {
    const isKnown = this.credentials.some(
      ({ scheme, id }) => scheme === credential.scheme && id === credential.id,
    );
    if (!isKnown) this.credentials = [...this.credentials, credential];
  }

  /**
   * An event of a znode that this client may not read would tell it that, and when, the znode
   * changes: it is kept back (CVE-2024-23944).
   */
  notify(event: WatchNotice, acl: readonly AclEntry[] | undefined): void {
    if (this.phase === "closed") return;
    if (!permits(acl, ACL_PERMISSIONS.read, this.credentials)) return;
    const writer = this.#eventEncoder.begin();
    writer.int(EVENT_TYPES[event.kind]);
    writer.int(SYNC_CONNECTED);
    writer.string(event.path);
    this.send(this.#eventEncoder.finish({ xid: SPECIAL_XIDS.watchEvent, zxid: -1 }));
  }
}
