import type { Random } from "@zoolog/base";
import type { ClientSocket } from "@zoolog/zookeeper";
import type { StreamEnd } from "./simulated-streams.ts";

/** One write in so many arrives in two pieces. */
const WRITES_PER_CUT = 8;

type Listeners = {
  connect: () => void;
  drain: () => void;
  data: (chunk: Buffer) => void;
  close: (hadError: boolean) => void;
  error: (error: Error) => void;
};

/** Sends bytes, now and then in two pieces: who reads them must not count on frames. */
export function sendBytes(
  stream: StreamEnd<Buffer>,
  message: { readonly kind: string; readonly bytes: Uint8Array },
  random: Random,
): void {
  // A copy: what was sent stays as it was.
  const bytes = Buffer.from(message.bytes);
  const isCut = bytes.length > 1 && random.next() * WRITES_PER_CUT < 1;
  const at = isCut ? 1 + Math.floor(random.next() * (bytes.length - 1)) : bytes.length;
  stream.send(message.kind, bytes.subarray(0, at));
  if (isCut) stream.send(message.kind, bytes.subarray(at));
}

/** A stream as the library of the ZooKeeper client knows sockets. */
export class SimulatedSocket implements ClientSocket {
  readonly #stream: StreamEnd<Buffer>;
  readonly #random: Random;
  readonly #listeners: Partial<Listeners> = {};
  #isDestroyed = false;

  constructor(stream: StreamEnd<Buffer>, dependencies: { readonly random: Random }) {
    this.#stream = stream;
    this.#random = dependencies.random;
    stream.handlers.opened = () => this.#listeners.connect?.();
    stream.handlers.received = (chunk) => this.#listeners.data?.(chunk);
    stream.handlers.closed = (error) => this.#close(error);
  }

  get destroyed(): boolean {
    return this.#isDestroyed;
  }

  write(bytes: Buffer): boolean {
    sendBytes(this.#stream, { kind: "zookeeper request", bytes }, this.#random);
    return true;
  }

  destroy(): void {
    if (this.#isDestroyed) return;
    this.#isDestroyed = true;
    this.#stream.reset();
    // As of a real one: its listeners hear of it in a later turn.
    this.#stream.process.scheduler.soon(() => this.#listeners.close?.(false));
  }

  on<E extends keyof Listeners>(event: E, listener: Listeners[E]): void {
    this.#listeners[event] = listener;
  }

  setNoDelay(): void {}

  /** Idle sockets are the client's own matter. */
  setTimeout(): void {}

  #close(error: Error | undefined): void {
    if (this.#isDestroyed) return;
    this.#isDestroyed = true;
    if (error !== undefined) this.#listeners.error?.(error);
    this.#listeners.close?.(error !== undefined);
  }
}
