import { assert } from "@zoolog/base";

/** Who asks for a share takes less where memory is short, but no less than `bytesMin`. */
export type ShareAsked = {
  readonly bytesMin: number;
  readonly bytesMax: number;
  /** Stay free for requests; 0 when left out. */
  readonly bytesLeft?: number;
};

/** Bytes of a request that have come. */
export type BytesArrived = {
  readonly bytes: number;
  /** Stay free for those who need little: they go before whoever leaves them more. */
  readonly bytesLeft: number;
};

/** A share is at most this part of what is free, so that those who come next have theirs, too. */
const SHARE_OF_FREE = 1 / 8;

type Waiting = ShareAsked & { readonly granted: (bytes: number) => void };
type Incoming = BytesArrived & { readonly granted: () => void };

/**
 * Bytes that the planes may hold at one time. A body that cannot get its share is turned away at once:
 * waiting for it could deadlock two half-read bodies, and would hide the overload from clients. A
 * reader holds nothing yet, so it waits in turn.
 */
export class ByteBudget {
  readonly bytesMax: number;
  /** In the order of asking; at most as many as there are calls in flight. */
  readonly #waiting = new Set<Waiting>();
  /** Requests, which do not wait behind readers: who reads slowly would hold up everybody. */
  readonly #incoming = new Set<Incoming>();
  #used = 0;

  constructor(options: { readonly bytesMax: number }) {
    this.bytesMax = options.bytesMax;
  }

  get usedBytes(): number {
    return this.#used;
  }

  /** Somebody waits for room. */
  get isShort(): boolean {
    return this.#incoming.size > 0 || this.#waiting.size > 0;
  }

  /** For bytes that are still to come, and can be refused. */
  tryReserve(bytes: number): boolean {
    if (this.#used + bytes > this.bytesMax) return false;
    this.#used += bytes;
    return true;
  }

  /**
   * For bytes that are there already: taken as long as there is any room, so beyond the maximum by
   * one answer at most. A batch larger than the whole budget stays readable.
   */
  tryAdd(bytes: number): boolean {
    if (this.#used >= this.bytesMax) return false;
    this.#used += bytes;
    return true;
  }

  /** For bytes to be read: how many of them are taken. Nothing where others wait already. */
  tryShare(asked: ShareAsked): number | undefined {
    return this.#waiting.size > 0 ? undefined : this.#takeShare(asked);
  }

  /**
   * Calls `granted` when its turn has come and there is room. The function that is answered gives up
   * the turn; called behind `granted` it does nothing.
   */
  waitForShare(asked: ShareAsked, granted: (bytes: number) => void): () => void {
    const waiting = { ...asked, granted };
    this.#waiting.add(waiting);
    return () => {
      if (this.#waiting.delete(waiting)) this.#grant();
    };
  }

  /** `false` where there is no room, or others wait for some who leave as little. */
  tryTake(arrived: BytesArrived): boolean {
    for (const { bytesLeft } of this.#incoming) if (bytesLeft <= arrived.bytesLeft) return false;
    return this.#tryLeaving(arrived);
  }

  /** As `waitForShare`, before all who wait for shares. */
  waitToTake({ bytes, bytesLeft }: BytesArrived, granted: () => void): () => void {
    const incoming = { bytes, bytesLeft, granted };
    this.#incoming.add(incoming);
    return () => {
      if (this.#incoming.delete(incoming)) this.#grant();
    };
  }

  release(bytes: number): void {
    assert(bytes <= this.#used, "what is released was reserved");
    this.#used -= bytes;
    this.#grant();
  }

  #grant(): void {
    let leastRefused = Number.POSITIVE_INFINITY;
    for (const incoming of this.#incoming) {
      if (incoming.bytesLeft >= leastRefused) continue;
      if (!this.#tryLeaving(incoming)) {
        leastRefused = incoming.bytesLeft;
        continue;
      }
      this.#incoming.delete(incoming);
      incoming.granted();
    }
    if (this.#incoming.size > 0) return;
    for (const waiting of this.#waiting) {
      const bytes = this.#takeShare(waiting);
      if (bytes === undefined) return;
      this.#waiting.delete(waiting);
      waiting.granted(bytes);
    }
  }

  #tryLeaving({ bytes, bytesLeft }: BytesArrived): boolean {
    return this.#used + bytes + bytesLeft <= this.bytesMax && this.tryReserve(bytes);
  }

  #takeShare({ bytesMin, bytesMax, bytesLeft = 0 }: ShareAsked): number | undefined {
    const free = this.bytesMax - this.#used - bytesLeft;
    if (free < bytesMin) return undefined;
    const share = Math.max(bytesMin, Math.floor(free * SHARE_OF_FREE));
    const bytes = Math.min(bytesMax, share);
    this.#used += bytes;
    return bytes;
  }
}
