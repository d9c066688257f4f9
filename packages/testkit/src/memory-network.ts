import type { Connection, Listener, ListenOptions, Network, ProbeOutcome } from "@zoolog/base";

/**
 * Sockets without a machine: what one end writes, the other has at once. For servers that are to be
 * tested from the network port inwards.
 */
export class MemoryNetwork implements Network {
  #onConnection: ((connection: Connection) => void) | undefined;
  readonly #connections = new Set<MemoryConnection>();
  #nextPort = 40_000;
  /** Set to make `listen` fail as a port that is taken does. */
  isPortTaken = false;

  async listen(
    options: ListenOptions,
    onConnection: (connection: Connection) => void,
  ): Promise<Listener> {
    if (this.isPortTaken) {
      throw Object.assign(new Error("address in use"), { code: "EADDRINUSE" });
    }
    this.#onConnection = onConnection;
    return {
      host: options.host,
      port: options.port,
      close: async () => {
        this.#onConnection = undefined;
        for (const connection of this.#connections) connection.destroy();
      },
    };
  }

  async probe(): Promise<ProbeOutcome> {
    return this.isListening ? "accepted" : "refused";
  }

  get isListening(): boolean {
    return this.#onConnection !== undefined;
  }

  /** Connects; the returned object is the server's end as the client sees it. */
  dial(address = "127.0.0.1"): MemoryConnection {
    const connection = new MemoryConnection(`${address}:${this.#nextPort++}`);
    this.#connections.add(connection);
    connection.onClose(() => this.#connections.delete(connection));
    this.#onConnection?.(connection);
    return connection;
  }
}

/** One connection: the server uses it as `Connection`, the test plays the client. */
export class MemoryConnection implements Connection {
  readonly remoteAddress: string;
  #onData: (chunk: Uint8Array) => void = () => {};
  #onDrain: () => void = () => {};
  readonly #onClose: (() => void)[] = [];
  #unread: Uint8Array[] = [];
  readonly #onTaken: (() => void)[] = [];
  #isReading = true;
  pendingBytes = 0;
  isPaused = false;
  /** The server has ended it, in order or not. */
  isClosed = false;
  /** What the server sent and the client has read, and where more of it goes. */
  readonly received: Uint8Array[] = [];
  onReceived: (chunk: Uint8Array) => void = () => {};

  constructor(remoteAddress: string) {
    this.remoteAddress = remoteAddress;
  }

  // The client's side.

  send(chunk: Uint8Array): void {
    if (!this.isClosed) this.#onData(chunk);
  }

  /** What the server writes piles up from here on. */
  stopReading(): void {
    this.#isReading = false;
  }

  startReading(): void {
    this.#isReading = true;
    for (const chunk of this.#unread.splice(0)) this.#deliver(chunk);
    this.pendingBytes = 0;
    this.#onDrain();
    for (const taken of this.#onTaken.splice(0)) taken();
  }

  hangUp(): void {
    this.destroy();
  }

  text(): string {
    return Buffer.concat(this.received).toString("utf8");
  }

  // The server's side.

  onData(listener: (chunk: Uint8Array) => void): void {
    this.#onData = listener;
  }

  onClose(listener: () => void): void {
    this.#onClose.push(listener);
  }

  onDrain(listener: () => void): void {
    this.#onDrain = listener;
  }

  write(chunk: Uint8Array): void {
    if (this.isClosed) return;
    if (this.#isReading) {
      this.#deliver(chunk);
    } else {
      this.#unread.push(chunk);
      this.pendingBytes += chunk.length;
    }
  }

  writeAll(chunks: readonly Uint8Array[], onTaken: () => void): void {
    for (const chunk of chunks) this.write(chunk);
    if (this.#isReading || this.isClosed) onTaken();
    else this.#onTaken.push(onTaken);
  }

  end(): void {
    this.destroy();
  }

  destroy(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    for (const taken of this.#onTaken.splice(0)) taken();
    for (const listener of this.#onClose) listener();
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
  }

  #deliver(chunk: Uint8Array): void {
    this.received.push(chunk);
    this.onReceived(chunk);
  }
}
