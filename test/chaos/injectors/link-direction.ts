export type LinkShape = {
  readonly delayMs: number;
  /** Of all connections together. */
  readonly bytesPerSecond: number;
};

/** One way through the link, for all connections: a byte leaves after the one before it. */
export class LinkDirection {
  shape: LinkShape = { delayMs: 0, bytesPerSecond: Number.POSITIVE_INFINITY };
  #freeAt = 0;

  /** When the last of these bytes arrives, if the first one gets here now. */
  arrivalOf(bytes: number, now: number): number {
    const { bytesPerSecond, delayMs } = this.shape;
    this.#freeAt = Math.max(now, this.#freeAt) + (bytes / bytesPerSecond) * 1_000;
    return this.#freeAt + delayMs;
  }
}
