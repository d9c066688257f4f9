import { connect, type Socket } from "node:net";
import type { WireRequest } from "./wire-requests.ts";
import { type WireEvent, type WireHandshake, type WireReply, WireSession } from "./wire-session.ts";

const XID_PING = -2;
const XID_AUTH = -4;
const HANDSHAKE_MS_MAX = 10_000;

/** What a server sent, in the order of its arrival. */
export type WireItem =
  | { readonly kind: "reply"; readonly reply: WireReply }
  | { readonly kind: "event"; readonly event: WireEvent };

export type WirePeerOptions = {
  readonly port: number;
  readonly timeoutMs?: number;
  /** To go on with a session that another peer had. */
  readonly resume?: Pick<WireHandshake, "sessionId" | "password">;
  readonly lastZxidSeen?: number;
};

/**
 * A `WireSession` on a socket: one connection that says exactly what it is told to, pings so that
 * its session lives, and keeps everything it hears in order.
 */
export class WirePeer {
  readonly #socket: Socket;
  readonly #session: WireSession;
  readonly #waiting = new Map<number, (reply: WireReply | undefined) => void>();
  readonly #auths: ((reply: WireReply | undefined) => void)[] = [];
  #items: WireItem[] = [];
  #lastZxid: number;
  #ended = false;
  #onHandshake: (() => void) | undefined;
  #pinging: NodeJS.Timeout | undefined;
  /** Resolves when the connection has ended, by whom ever. */
  readonly ended: Promise<void>;

  private constructor(options: WirePeerOptions) {
    this.#lastZxid = options.lastZxidSeen ?? 0;
    this.#socket = connect({ port: options.port, host: "127.0.0.1", noDelay: true });
    this.#session = new WireSession((bytes) => void this.#socket.write(bytes));
    this.#socket.on("error", () => {});
    this.#socket.on("data", (chunk: Buffer) => this.#receive(chunk));
    this.ended = new Promise((resolve) => {
      this.#socket.once("close", () => {
        this.#end();
        resolve();
      });
    });
  }

  /** @throws Error when the server hangs up or does not answer the handshake. */
  static async open(options: WirePeerOptions): Promise<WirePeer> {
    const peer = new WirePeer(options);
    const answered = new Promise<void>((resolve) => {
      peer.#onHandshake = resolve;
    });
    peer.#session.connect({
      timeoutMs: options.timeoutMs ?? 10_000,
      ...(options.resume === undefined ? {} : { session: options.resume }),
      ...(options.lastZxidSeen === undefined ? {} : { lastZxidSeen: options.lastZxidSeen }),
    });
    const timer = setTimeout(() => peer.drop(), HANDSHAKE_MS_MAX);
    await Promise.race([answered, peer.ended]);
    clearTimeout(timer);
    if (peer.#session.handshake === undefined) throw new Error("the server refused the handshake");
    peer.#keepAlive(peer.#session.handshake.timeoutMs);
    return peer;
  }

  /** A timeout of 0: the server knows the session no more. */
  get handshake(): WireHandshake {
    if (this.#session.handshake === undefined) throw new Error("there was no handshake");
    return this.#session.handshake;
  }

  /** The largest zxid in a reply. */
  get lastZxid(): number {
    return this.#lastZxid;
  }

  get hasEnded(): boolean {
    return this.#ended;
  }

  /** `undefined` when the connection ended without an answer. */
  call(request: WireRequest): Promise<WireReply | undefined> {
    if (this.#ended) return Promise.resolve(undefined);
    const xid = this.#session.send(request);
    return new Promise((resolve) => this.#waiting.set(xid, resolve));
  }

  addAuth(scheme: string, auth: string): Promise<WireReply | undefined> {
    if (this.#ended) return Promise.resolve(undefined);
    this.#session.addAuth(scheme, auth);
    return new Promise((resolve) => this.#auths.push(resolve));
  }

  /** Everything since the last call, without answers to pings. */
  takeItems(): WireItem[] {
    const items = this.#items;
    this.#items = [];
    return items;
  }

  /** Ends the connection; the session stays as long as its timeout. */
  drop(): void {
    this.#socket.destroy();
    this.#end();
  }

  #keepAlive(timeoutMs: number): void {
    if (timeoutMs === 0) return;
    this.#pinging = setInterval(() => this.#session.ping(), timeoutMs / 4);
  }

  #receive(chunk: Buffer): void {
    if (this.#ended) return;
    const hadHandshake = this.#session.handshake !== undefined;
    this.#session.receive(chunk);
    if (!hadHandshake && this.#session.handshake !== undefined) this.#onHandshake?.();
    for (const line of this.#session.trace.splice(0)) {
      if (line.startsWith("event")) {
        const event = this.#session.events.shift();
        if (event !== undefined) this.#items.push({ kind: "event", event });
      } else {
        const reply = this.#session.replies.shift();
        if (reply !== undefined) this.#settle(reply);
      }
    }
  }

  #settle(reply: WireReply): void {
    if (reply.xid === XID_PING) return;
    this.#items.push({ kind: "reply", reply });
    if (reply.zxid > this.#lastZxid) this.#lastZxid = reply.zxid;
    if (reply.xid === XID_AUTH) {
      this.#auths.shift()?.(reply);
      return;
    }
    this.#waiting.get(reply.xid)?.(reply);
    this.#waiting.delete(reply.xid);
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    clearInterval(this.#pinging);
    for (const settle of [...this.#waiting.values(), ...this.#auths]) settle(undefined);
    this.#waiting.clear();
    this.#auths.length = 0;
  }
}
