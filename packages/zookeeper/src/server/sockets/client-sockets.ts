import type { Clock, Connection, Logger } from "@zoolog/base";
import type { ServerCore } from "../server-core.ts";
import type { ClientConnection, ConnectionSink } from "../sessions/client-connection.ts";
import { FrameSplitter } from "../wire/frame-splitter.ts";
import { answerFourLetterWord, type FourLetterContext } from "./four-letter-words.ts";

export type ClientSocketsOptions = {
  /** 0 means no limit. */
  readonly connectionsPerAddressMax: number;
  readonly requestBytesMax: number;
  /** What `conf` answers. */
  readonly configuration: FourLetterContext["configuration"];
};

export type ClientSocketsDependencies = {
  readonly core: ServerCore;
  readonly clock: Clock;
  readonly logger: Logger;
};

/** A client says who it is in well under 100 bytes; nobody else gets to fill our memory. */
const CONNECT_REQUEST_BYTES_MAX = 4096;

/** Who has not said so by then is closed, and who does not close after we did. */
const HANDSHAKE_TIMEOUT_MS = 10_000;

/** With this much unread by a client, nothing more is asked of its socket. */
const OUTPUT_BYTES_CONGESTED = 1024 * 1024;

/** Watch events cannot be held back: a client that lets this much pile up is closed. */
const OUTPUT_BYTES_MAX = 128 * 1024 * 1024;

/** Between the core and the network: frames, limits, back-pressure. */
export class ClientSockets {
  readonly options: ClientSocketsOptions;
  readonly core: ServerCore;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #sockets = new Set<ClientSocket>();
  readonly #perAddress = new Map<string, number>();
  /** With frames that are not written yet. */
  readonly #unflushed = new Set<ClientSocket>();
  /** Not read from until the core takes more. */
  readonly #waiting = new Set<ClientSocket>();
  #isPumping = false;

  constructor(options: ClientSocketsOptions, dependencies: ClientSocketsDependencies) {
    this.options = options;
    this.core = dependencies.core;
    this.#clock = dependencies.clock;
    this.#logger = dependencies.logger;
  }

  accept(connection: Connection): void {
    const address = ipOf(connection.remoteAddress);
    const fromThere = this.#perAddress.get(address) ?? 0;
    const { connectionsPerAddressMax } = this.options;
    if (connectionsPerAddressMax > 0 && fromThere >= connectionsPerAddressMax) {
      this.#logger.warn("connection refused: too many from this address", {
        address,
        connectionsPerAddressMax,
      });
      connection.destroy();
      return;
    }
    const socket = new ClientSocket({ address, acceptedAt: this.now() }, connection, this);
    this.#sockets.add(socket);
    this.#perAddress.set(address, fromThere + 1);
    connection.onClose(() => this.#closed(socket));
    connection.onDrain(() => this.pump(socket));
    connection.onData((chunk) => {
      socket.push(chunk);
      this.pump(socket);
    });
  }

  /** Hands over what has arrived, as far as the core takes it. */
  pump(socket: ClientSocket): void {
    for (;;) {
      this.#isPumping = true;
      const outcome = socket.pump();
      this.#isPumping = false;
      this.flush();
      if (outcome === "done") {
        this.#waiting.delete(socket);
        return;
      }
      // It may have waited only for its own replies, which have left with the flush.
      if (this.core.mustWait(socket.client)) break;
    }
    this.#waiting.add(socket);
  }

  /** The disk has caught up: answers go out, and who waited is read from again. */
  committed(zxid: number): void {
    this.core.committed(zxid);
    if (this.#isPumping) return; // A journal in memory answers at once; the pump goes on by itself.
    for (const socket of [...this.#waiting]) this.pump(socket);
    this.flush();
  }

  tick(): void {
    this.core.tick();
    const now = this.now();
    for (const socket of this.#sockets) if (socket.isOverdue(now)) socket.destroy();
    this.flush();
  }

  /** Replies of one turn leave in one write per client. */
  flush(): void {
    for (const socket of this.#unflushed) socket.flush();
    this.#unflushed.clear();
  }

  destroyAll(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  now(): number {
    return this.#clock.monotonic();
  }

  noteUnflushed(socket: ClientSocket): void {
    this.#unflushed.add(socket);
  }

  noteSlowReader(address: string, bytes: number): void {
    this.#logger.warn("connection closed: its client does not read", { address, bytes });
  }

  fourLetterWord(word: string): string | undefined {
    const { core } = this;
    const clients = [...this.#sockets].map((socket) => socket.summary());
    return answerFourLetterWord(word, {
      core,
      clients,
      configuration: this.options.configuration,
    });
  }

  #closed(socket: ClientSocket): void {
    if (!this.#sockets.delete(socket)) return;
    this.#waiting.delete(socket);
    this.#unflushed.delete(socket);
    this.core.disconnected(socket.client);
    const left = (this.#perAddress.get(socket.address) ?? 1) - 1;
    if (left === 0) this.#perAddress.delete(socket.address);
    else this.#perAddress.set(socket.address, left);
  }
}

/** One client's socket. */
class ClientSocket implements ConnectionSink {
  readonly address: string;
  readonly client: ClientConnection;
  readonly #connection: Connection;
  readonly #sockets: ClientSockets;
  readonly #frames = new FrameSplitter();
  #unsent: Uint8Array[] = [];
  #unsentBytes = 0;
  #isFirst = true;
  #isPaused = false;
  #isClosed = false;
  #waitedForSince: number;

  constructor(
    options: { readonly address: string; readonly acceptedAt: number },
    connection: Connection,
    sockets: ClientSockets,
  ) {
    this.address = options.address;
    this.#waitedForSince = options.acceptedAt;
    this.#connection = connection;
    this.#sockets = sockets;
    this.client = sockets.core.connect({ address: options.address }, this);
  }

  get isCongested(): boolean {
    return this.#connection.pendingBytes + this.#unsentBytes > OUTPUT_BYTES_CONGESTED;
  }

  get hasSession(): boolean {
    return this.client.session !== undefined;
  }

  /** A connection without a session, or one we have ended, is not kept for long. */
  isOverdue(now: number): boolean {
    const isWaitedFor = !this.hasSession || this.#isClosed;
    return isWaitedFor && now - this.#waitedForSince > HANDSHAKE_TIMEOUT_MS;
  }

  summary(): FourLetterContext["clients"][number] {
    const { received, sent, pendingWrites, waitingReads } = this.client;
    const queued = pendingWrites + waitingReads.length;
    return { address: this.#connection.remoteAddress, received, sent, queued };
  }

  push(chunk: Uint8Array): void {
    if (!this.#isClosed) this.#frames.push(chunk);
  }

  pump(): "done" | "waits" {
    while (!this.#isClosed) {
      if (this.#isFirst && this.#answeredFourLetterWord()) return "done";
      if (this.#sockets.core.mustWait(this.client)) {
        this.#pause();
        return "waits";
      }
      const { requestBytesMax } = this.#sockets.options;
      const bytesMax = this.hasSession ? requestBytesMax : CONNECT_REQUEST_BYTES_MAX;
      const frame = this.#frames.next(bytesMax);
      if (frame === "incomplete") break;
      if (frame === "invalid") {
        this.destroy();
        return "done";
      }
      this.#isFirst = false;
      this.#sockets.core.handle(this.client, frame);
    }
    this.#resume();
    return "done";
  }

  send(frame: Uint8Array): void {
    if (this.#isClosed) return;
    this.#unsent.push(frame);
    this.#unsentBytes += frame.length;
    this.#sockets.noteUnflushed(this);
    const bytes = this.#connection.pendingBytes + this.#unsentBytes;
    if (bytes > OUTPUT_BYTES_MAX) {
      this.#sockets.noteSlowReader(this.address, bytes);
      this.destroy();
    }
  }

  flush(): void {
    if (this.#unsentBytes === 0 || this.#isClosed) return;
    const [only] = this.#unsent;
    const isOne = this.#unsent.length === 1 && only !== undefined;
    this.#connection.write(isOne ? only : Buffer.concat(this.#unsent, this.#unsentBytes));
    this.#unsent = [];
    this.#unsentBytes = 0;
  }

  close(): void {
    if (this.#isClosed) return;
    this.flush();
    this.#isClosed = true;
    this.#waitedForSince = this.#sockets.now();
    this.#connection.end();
    this.#resume(); // What still comes in is read, and dropped: else its end is never seen.
  }

  destroy(): void {
    this.#isClosed = true;
    this.#unsent = [];
    this.#unsentBytes = 0;
    this.#connection.destroy();
  }

  #answeredFourLetterWord(): boolean {
    const word = this.#frames.peekWord();
    if (word === undefined) return false;
    this.#isFirst = false;
    const answer = this.#sockets.fourLetterWord(word.toString("latin1"));
    if (answer === undefined) return false;
    this.send(Buffer.from(answer, "utf8"));
    this.close();
    return true;
  }

  #pause(): void {
    if (this.#isPaused) return;
    this.#isPaused = true;
    this.#connection.pause();
  }

  #resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#connection.resume();
  }
}

/** `127.0.0.1` of `127.0.0.1:50123`, also when it came over an IPv6 socket. */
function ipOf(remoteAddress: string): string {
  const host = remoteAddress.slice(0, Math.max(0, remoteAddress.lastIndexOf(":")));
  return host.startsWith("::ffff:") ? host.slice("::ffff:".length) : host;
}
