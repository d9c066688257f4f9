import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { LinkDirection, type LinkShape } from "./link-direction.ts";

export type LinkAddress = { readonly host: string; readonly port: number };

/** Chosen by the first bytes that the side that connected has sent. */
export type Choice = (firstBytes: string) => boolean;

/** Of what waits in one direction of a connection, more makes its sender wait. */
const WAITING_BYTES_MAX = 256 * 1_024;

/** As much as a request line has. */
const FIRST_BYTES = 256;

const EVERYTHING: Choice = () => true;

/**
 * A link of the network between those who connect here and one server: late and narrow when it is
 * told to, or with a far end that is no longer there, of which nobody tells: what is sent is
 * acknowledged by TCP, and swallowed.
 */
export class LinkProxy {
  readonly #server: Server;
  readonly #to: LinkAddress;
  readonly #links = new Set<Link>();
  readonly #directions = { up: new LinkDirection(), down: new LinkDirection() };
  readonly #connectedAt: { readonly at: number; readonly link: Link }[] = [];

  private constructor(to: LinkAddress) {
    this.#to = to;
    this.#server = createServer((socket) => this.#accept(socket));
  }

  static open(to: LinkAddress): Promise<LinkProxy> {
    const proxy = new LinkProxy(to);
    return new Promise((resolve, reject) => {
      proxy.#server.once("error", reject);
      proxy.#server.listen({ port: 0, host: "127.0.0.1" }, () => resolve(proxy));
    });
  }

  get host(): string {
    return "127.0.0.1";
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** From now on, each way. */
  shape(shape: LinkShape): void {
    for (const direction of Object.values(this.#directions)) direction.shape = shape;
  }

  /** Nothing passes any more on the connections that there are; answers how many. New ones pass. */
  swallow(choice: Choice = EVERYTHING): number {
    const chosen = [...this.#links].filter((link) => choice(link.firstBytes));
    for (const link of chosen) link.swallow();
    return chosen.length;
  }

  /** When somebody connected first after `at`, by `performance.now()`. */
  connectedAfter(at: number, choice: Choice = EVERYTHING): number | undefined {
    return this.#connectedAt.find(
      (connected) => connected.at > at && choice(connected.link.firstBytes),
    )?.at;
  }

  close(): Promise<void> {
    for (const link of this.#links) link.close();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }

  #accept(downstream: Socket): void {
    const upstream = connect({ ...this.#to, noDelay: true });
    const link = new Link(downstream, upstream, this.#directions);
    this.#links.add(link);
    this.#connectedAt.push({ at: performance.now(), link });
    downstream.once("close", () => this.#links.delete(link));
  }
}

class Link {
  readonly #ends: readonly [Socket, Socket];
  #firstBytes = "";
  #isSwallowing = false;

  constructor(
    down: Socket,
    up: Socket,
    directions: { readonly up: LinkDirection; readonly down: LinkDirection },
  ) {
    this.#ends = [down, up];
    down.setNoDelay();
    down.on("data", (chunk: Buffer) => {
      if (this.#firstBytes.length < FIRST_BYTES) {
        this.#firstBytes += chunk.toString("latin1").slice(0, FIRST_BYTES);
      }
    });
    this.#carry(down, up, directions.up);
    this.#carry(up, down, directions.down);
  }

  get firstBytes(): string {
    return this.#firstBytes;
  }

  swallow(): void {
    this.#isSwallowing = true;
  }

  close(): void {
    for (const end of this.#ends) end.destroy();
  }

  #carry(from: Socket, to: Socket, direction: LinkDirection): void {
    // Timers of a millisecond's resolution overtake each other: each lets the next one go that waits.
    const queue: (() => void)[] = [];
    let waiting = 0;
    const later = (bytes: number, act: () => void): void => {
      const now = performance.now();
      const lateMs = direction.arrivalOf(bytes, now) - now;
      if (lateMs <= 0 && queue.length === 0) {
        act();
        return;
      }
      queue.push(act);
      waiting += bytes;
      if (waiting >= WAITING_BYTES_MAX) from.pause();
      setTimeout(() => {
        waiting -= bytes;
        if (waiting < WAITING_BYTES_MAX) from.resume();
        queue.shift()?.();
      }, lateMs);
    };
    from.on("data", (chunk: Buffer) => {
      if (this.#isSwallowing) return;
      later(chunk.length, () => {
        if (!this.#isSwallowing && !to.destroyed) to.write(chunk);
      });
    });
    from.on("error", () => {});
    // Whoever waits behind a link that swallows is not told that the other side has gone.
    from.once("close", () => {
      if (!this.#isSwallowing) later(0, () => to.destroy());
    });
  }
}
