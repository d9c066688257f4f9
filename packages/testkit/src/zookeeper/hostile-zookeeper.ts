import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { WireFrames, WireReader, WireWriter } from "./wire-bytes.ts";

const XID_PING = -2;
const OP_CLOSE_SESSION = -11;
const WAIT_MS_MAX = 30_000;

export type HostileRequest = {
  readonly xid: number;
  readonly opCode: number;
  /** Behind the header. */
  readonly body: Buffer;
};

/**
 * A server that speaks ZooKeeper's protocol as badly as a test wants. By itself it only accepts,
 * answers pings and lets sessions close; the test plays the rest:
 *
 * ```ts
 * const connection = await server.accept();
 * await connection.answerHandshake();
 * const request = await connection.nextRequest();
 * connection.reply(request, { error: -118 });
 * ```
 */
export class HostileZooKeeper {
  readonly #server: Server;
  readonly #connections = new Mailbox<HostileConnection>();
  readonly #open = new Set<HostileConnection>();
  #accepted = 0;

  private constructor() {
    this.#server = createServer({ noDelay: true }, (socket) => {
      const connection = new HostileConnection(socket);
      this.#accepted += 1;
      this.#open.add(connection);
      socket.once("close", () => this.#open.delete(connection));
      connection.onHandshake(() => this.#connections.put(connection));
    });
  }

  static open(): Promise<HostileZooKeeper> {
    const hostile = new HostileZooKeeper();
    return new Promise((resolve, reject) => {
      hostile.#server.once("error", reject);
      hostile.#server.listen({ port: 0, host: "127.0.0.1" }, () => resolve(hostile));
    });
  }

  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get accepted(): number {
    return this.#accepted;
  }

  get openConnections(): number {
    return this.#open.size;
  }

  /**
   * The next connection that no `accept` has returned, waiting for it. It has sent its handshake:
   * one that a slow machine makes the client give up before that never comes.
   */
  accept(): Promise<HostileConnection> {
    return this.#connections.take("a connection");
  }

  close(): Promise<void> {
    for (const connection of this.#open) connection.destroy();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }
}

/** One connection of a `HostileZooKeeper`. */
export class HostileConnection {
  readonly #socket: Socket;
  readonly #frames = new WireFrames();
  readonly #requests = new Mailbox<HostileRequest>();
  readonly #handshake = new Mailbox<Buffer>();
  #handshakeCame: () => void = () => {};
  /** Resolves when the client has ended the connection. */
  readonly ended: Promise<void>;
  #handshakeSeen = false;
  #pings = 0;
  #closedSession = false;
  /** Turn it off to be a server that hangs: pings and the closing of sessions stay unanswered. */
  isAlive = true;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("error", () => {});
    socket.on("data", (chunk: Buffer) => {
      for (const frame of this.#frames.push(chunk)) this.#receive(frame);
    });
    this.ended = new Promise((resolve) => socket.once("close", () => resolve()));
  }

  /** Calls `listener` when the client's handshake is there to be taken. */
  onHandshake(listener: () => void): void {
    this.#handshakeCame = listener;
  }

  /** The client has closed its session in order. */
  get closedSession(): boolean {
    return this.#closedSession;
  }

  /** Pings received. */
  get pings(): number {
    return this.#pings;
  }

  /** Requests that nobody took with `nextRequest`. */
  get waitingRequests(): number {
    return this.#requests.size;
  }

  /** Waits for the client's handshake and gives it a session. */
  async answerHandshake(
    session: { readonly id?: bigint; readonly timeoutMs?: number } = {},
  ): Promise<ClientHandshake> {
    const handshake = await this.nextHandshake();
    this.send(handshakeReply({ id: session.id ?? 0x1234n, timeoutMs: session.timeoutMs ?? 2_000 }));
    return handshake;
  }

  async nextHandshake(): Promise<ClientHandshake> {
    const reader = new WireReader(await this.#handshake.take("a handshake"));
    reader.int();
    const [lastZxid, timeoutMs, sessionId] = [reader.long(), reader.int(), reader.long()];
    return { lastZxid, timeoutMs, sessionId };
  }

  /** The next request besides pings (and closing, while alive), waiting for it. */
  nextRequest(): Promise<HostileRequest> {
    return this.#requests.take("a request");
  }

  reply(
    request: { readonly xid: number },
    reply: { readonly zxid?: bigint; readonly error?: number; readonly body?: Uint8Array } = {},
  ): void {
    this.send(replyFrame({ xid: request.xid, ...reply }));
  }

  /** Any bytes at all. */
  send(bytes: Uint8Array): void {
    this.#socket.write(bytes);
  }

  /** Reads nothing more: the client's bytes pile up. */
  stopReading(): void {
    this.#socket.pause();
  }

  /** Sends what was given to `send`, then closes. */
  end(): void {
    this.#socket.end();
  }

  /** Closes at once; what was given to `send` has gone out or not. */
  destroy(): void {
    this.#socket.destroy();
  }

  #receive(frame: Buffer): void {
    if (!this.#handshakeSeen) {
      this.#handshakeSeen = true;
      this.#handshake.put(frame);
      this.#handshakeCame();
      return;
    }
    const reader = new WireReader(frame);
    const request = { xid: reader.int(), opCode: reader.int(), body: reader.rest() };
    if (request.opCode === OP_CLOSE_SESSION && this.isAlive) {
      this.#closedSession = true;
      this.reply(request);
      this.#socket.end();
    } else if (request.xid === XID_PING) {
      this.#pings += 1;
      if (this.isAlive) this.reply(request);
    } else {
      this.#requests.put(request);
    }
  }
}

export type ClientHandshake = {
  readonly lastZxid: bigint;
  readonly timeoutMs: number;
  readonly sessionId: bigint;
};

export function handshakeReply(session: {
  readonly id: bigint;
  readonly timeoutMs: number;
}): Buffer {
  return new WireWriter()
    .int(0)
    .int(session.timeoutMs)
    .long(session.id)
    .buffer(Buffer.alloc(16))
    .frame();
}

export function replyFrame(reply: {
  readonly xid: number;
  readonly zxid?: bigint;
  readonly error?: number;
  readonly body?: Uint8Array;
}): Buffer {
  return new WireWriter()
    .int(reply.xid)
    .long(reply.zxid ?? 1n)
    .int(reply.error ?? 0)
    .raw(reply.body ?? Buffer.alloc(0))
    .frame();
}

/** A watch event; `type` 1 created, 2 deleted, 3 data changed, 4 children changed. */
export function watchEventFrame(type: number, path: string): Buffer {
  const connected = 3;
  const body = new WireWriter().int(type).int(connected).string(path).bytes();
  return replyFrame({ xid: -1, zxid: -1n, body });
}

/** The 68 bytes of a stat whose numbers are all 0. */
export const ZERO_STAT: Buffer = Buffer.alloc(68);

/** Things that come, and who waits for them. */
class Mailbox<T> {
  readonly #things: T[] = [];
  readonly #takers: ((thing: T) => void)[] = [];

  get size(): number {
    return this.#things.length;
  }

  put(thing: T): void {
    const taker = this.#takers.shift();
    if (taker === undefined) this.#things.push(thing);
    else taker(thing);
  }

  take(what: string): Promise<T> {
    const thing = this.#things.shift();
    if (thing !== undefined) return Promise.resolve(thing);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`${what} did not come`)), WAIT_MS_MAX);
      timer.unref();
      this.#takers.push((came) => {
        clearTimeout(timer);
        resolve(came);
      });
    });
  }
}
