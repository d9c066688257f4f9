import type ConnectionManager from "node-zookeeper-client/lib/ConnectionManager.js";
import type { Packet } from "node-zookeeper-client/lib/ConnectionManager.js";
import jute from "node-zookeeper-client/lib/jute/index.js";
import { ZooKeeperError } from "../../errors.ts";
import { REPLY_BYTES_MAX } from "../limits.ts";
import { InboundFrames } from "./inbound-frames.ts";
import { checkHandshake, checkNotification, checkReplyBody } from "./reply-body.ts";
import { isHandshake, laterZxid, replyWireCode, replyXid } from "./reply-frame.ts";

export type InboundReplyHandlers = {
  /** The library's own reader; given exactly one frame. */
  readonly library: (frame: Buffer) => void;
  readonly isHandshakeDue: () => boolean;
  readonly pingAnswered: () => void;
  readonly credentialAnswered: (wireCode: number) => void;
};

/**
 * Takes apart what a server sends and gives the library only what it reads without harm: whole
 * frames, one at a time, handshakes and successful replies that are due, watch events. Everything
 * else is answered here: the library throws at error codes younger than itself, and forgets the
 * callback of a request whose reply has the wrong number or cannot be read.
 */
export class InboundReplies {
  readonly #manager: ConnectionManager;
  readonly #handlers: InboundReplyHandlers;
  readonly #frames = new InboundFrames({ frameBytesMax: REPLY_BYTES_MAX });

  constructor(manager: ConnectionManager, handlers: InboundReplyHandlers) {
    this.#manager = manager;
    this.#handlers = handlers;
  }

  /** @throws whatever shows that this server does not speak the protocol: drop the connection. */
  receive(chunk: Buffer): void {
    const { socket } = this.#manager;
    for (const frame of this.#frames.push(chunk)) {
      // A frame may have ended the connection; what lies behind it is of no connection then.
      if (socket === undefined || socket.destroyed) return;
      this.#receiveFrame(frame);
    }
  }

  /** The connection ended: half a frame is worth nothing to the next one. */
  reset(): void {
    this.#frames.reset();
    this.#manager.pendingBuffer = null;
  }

  #receiveFrame(frame: Buffer): void {
    if (this.#handlers.isHandshakeDue()) {
      if (!isHandshake(frame)) throw protocolError("a handshake that is too short");
      checkHandshake(frame);
      this.#handlers.library(frame);
      return;
    }
    switch (replyXid(frame)) {
      case jute.XID_PING:
        this.#handlers.pingAnswered();
        return;
      case jute.XID_AUTHENTICATION:
        this.#handlers.credentialAnswered(replyWireCode(frame));
        return;
      case jute.XID_NOTIFICATION:
        checkNotification(frame);
        this.#handlers.library(frame);
        return;
      default:
        this.#receiveReply(frame);
    }
  }

  #receiveReply(frame: Buffer): void {
    const manager = this.#manager;
    const head = manager.pendingQueue[0];
    const xid = replyXid(frame);
    // It stays in the queue, so that the end of the connection settles it.
    if (head?.request.header.xid !== xid) {
      throw protocolError(`a reply to request ${xid}, expected ${head?.request.header.xid}`);
    }
    const zxid = laterZxid(manager.zxid, frame);
    const wireCode = replyWireCode(frame);
    try {
      if (wireCode === 0) this.#readReply(head, frame);
      else manager.pendingQueue.shift()?.callback({ wireCode });
    } finally {
      manager.zxid = zxid;
    }
  }

  #readReply(head: Packet, frame: Buffer): void {
    try {
      checkReplyBody(head.request.header.type, frame);
      this.#handlers.library(frame);
    } catch (error) {
      // The library takes the packet out of its queue before it fails: nobody else would settle it.
      head.callback({ malformed: error });
      throw error;
    }
  }
}

function protocolError(what: string): ZooKeeperError {
  return new ZooKeeperError({ code: "PROTOCOL_ERROR", message: `a server sent ${what}` });
}
