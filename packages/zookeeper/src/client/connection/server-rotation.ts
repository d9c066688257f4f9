import type { Random } from "@zoolog/base";
import type { ServerAddress } from "../connect-string.ts";
import { RECONNECT_PAUSE_MS_MAX, RECONNECT_PAUSE_MS_MIN } from "../limits.ts";

/** Which server to try next, and after which pause. */
export type NextServer = { readonly server: ServerAddress; readonly pauseMs: number };

/**
 * Goes round the servers in a random order, so that clients spread over them. The first round goes
 * without a pause: the session is running out. After a round that failed, pauses double and are
 * spread by chance, so that a returning ensemble does not meet all clients in the same moment.
 */
export class ServerRotation {
  readonly #servers: readonly ServerAddress[];
  readonly #random: Random;
  #next = 0;
  #attempts = 0;

  constructor(servers: readonly ServerAddress[], random: Random) {
    this.#servers = shuffled(servers, random);
    this.#random = random;
  }

  get size(): number {
    return this.#servers.length;
  }

  next(): NextServer {
    const server = this.#servers[this.#next % this.#servers.length];
    if (server === undefined) throw new RangeError("a rotation needs a server");
    const pauseMs = this.#pauseMs(Math.floor(this.#attempts / this.#servers.length));
    this.#next += 1;
    this.#attempts += 1;
    return { server, pauseMs };
  }

  /**
   * A server answered more than the handshake: the next failure starts with a round without pause.
   * Not at the handshake, or a server that accepts and hangs up is called in a tight loop.
   */
  succeeded(): void {
    this.#attempts = 0;
  }

  #pauseMs(failedRounds: number): number {
    if (failedRounds === 0) return 0;
    const pause = Math.min(RECONNECT_PAUSE_MS_MIN * 2 ** failedRounds, RECONNECT_PAUSE_MS_MAX);
    return pause / 2 + (this.#random.next() * pause) / 2;
  }
}

function shuffled<T>(items: readonly T[], random: Random): T[] {
  return items
    .map((item) => ({ item, rank: random.next() }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ item }) => item);
}
