import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

type Pair = { readonly downstream: Socket; readonly upstream: Socket };

/** Called for each connection; what it answers sees what the client sends, as it comes. */
export type ProxyTap = () => (sent: Buffer) => void;

/**
 * Stands between a client and a server on 127.0.0.1 and breaks the way in between: `freeze` keeps
 * connections open and moves nothing (a half-open peer, a frozen machine), `cut` ends them and
 * refuses new ones.
 */
export class TcpProxy {
  readonly #server: Server;
  readonly #upstreamPort: number;
  readonly #tap: ProxyTap | undefined;
  readonly #pairs = new Set<Pair>();
  #mode: "pass" | "freeze" | "cut" = "pass";
  #accepted = 0;

  private constructor(upstreamPort: number, tap: ProxyTap | undefined) {
    this.#upstreamPort = upstreamPort;
    this.#tap = tap;
    this.#server = createServer((socket) => this.#accept(socket));
  }

  static open(upstreamPort: number, tap?: ProxyTap): Promise<TcpProxy> {
    const proxy = new TcpProxy(upstreamPort, tap);
    return new Promise((resolve, reject) => {
      proxy.#server.once("error", reject);
      proxy.#server.listen({ port: 0, host: "127.0.0.1" }, () => resolve(proxy));
    });
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** Connections open now. */
  get connections(): number {
    return this.#pairs.size;
  }

  /** Connections ever accepted, also those that were cut at once. */
  get accepted(): number {
    return this.#accepted;
  }

  freeze(): void {
    this.#mode = "freeze";
    for (const { downstream, upstream } of this.#pairs) {
      downstream.pause();
      upstream.pause();
    }
  }

  cut(): void {
    this.#mode = "cut";
    for (const pair of this.#pairs) destroy(pair);
  }

  /** Ends the connections there are; new ones pass. */
  drop(): void {
    for (const pair of this.#pairs) destroy(pair);
  }

  /** Everything passes again; frozen connections go on where they were. */
  heal(): void {
    this.#mode = "pass";
    for (const { downstream, upstream } of this.#pairs) {
      downstream.resume();
      upstream.resume();
    }
  }

  close(): Promise<void> {
    for (const pair of this.#pairs) destroy(pair);
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }

  #accept(downstream: Socket): void {
    this.#accepted += 1;
    downstream.on("error", () => {});
    if (this.#mode === "cut") {
      downstream.destroy();
      return;
    }
    const upstream = connect({ port: this.#upstreamPort, host: "127.0.0.1", noDelay: true });
    downstream.setNoDelay();
    const pair = { downstream, upstream };
    this.#pairs.add(pair);
    upstream.on("error", () => {});
    const sees = this.#tap?.();
    downstream.on("data", (chunk) => {
      sees?.(chunk);
      upstream.write(chunk);
    });
    upstream.on("data", (chunk) => downstream.write(chunk));
    for (const socket of [downstream, upstream]) {
      socket.once("close", () => {
        this.#pairs.delete(pair);
        destroy(pair);
      });
    }
    if (this.#mode === "freeze") {
      downstream.pause();
      upstream.pause();
    }
  }
}

function destroy(pair: Pair): void {
  pair.downstream.destroy();
  pair.upstream.destroy();
}
