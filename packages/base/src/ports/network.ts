/** Stream sockets, as the embedded ZooKeeper server and the planes see them. */
export interface Network {
  /**
   * Binds and accepts. `port` 0 asks for any free one.
   *
   * @throws an error with `code` `EADDRINUSE` or `EACCES` when the address cannot be bound.
   */
  listen(options: ListenOptions, onConnection: (connection: Connection) => void): Promise<Listener>;
  /**
   * Whether anybody listens there: a connection is opened and closed again. Only `"refused"`, the
   * machine's own word that nobody does, says something for sure; `"unknown"` is everything else.
   */
  probe(target: ProbeTarget): Promise<ProbeOutcome>;
}

export type ProbeTarget = {
  readonly host: string;
  readonly port: number;
  readonly timeoutMs: number;
};

export type ProbeOutcome = "accepted" | "refused" | "unknown";

export type ListenOptions = {
  readonly host: string;
  readonly port: number;
  /** Connections over this are closed at once. */
  readonly connectionsMax: number;
};

export interface Listener {
  readonly host: string;
  readonly port: number;
  /** Stops accepting and destroys what is open. Idempotent. */
  close(): Promise<void>;
}

export interface Connection {
  readonly remoteAddress: string;
  /** Bytes written but not yet taken by the kernel: bound it, a slow reader makes it grow. */
  readonly pendingBytes: number;
  onData(listener: (chunk: Uint8Array) => void): void;
  /** Called once, after the last data. */
  onClose(listener: () => void): void;
  /** Called each time the kernel has taken all that was pending. */
  onDrain(listener: () => void): void;
  write(chunk: Uint8Array): void;
  /**
   * The same of several at once, in one call to the kernel where it can be. `onTaken` is called once:
   * when the kernel has all of them, or never will as the connection is closed.
   */
  writeAll(chunks: readonly Uint8Array[], onTaken: () => void): void;
  /** Sends what is pending, then closes. */
  end(): void;
  /** Closes at once. */
  destroy(): void;
  pause(): void;
  resume(): void;
}
