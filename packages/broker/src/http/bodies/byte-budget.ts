import { assert } from "@zoolog/base";

/**
 * Bytes that the plane may hold at one time. Who cannot get its share is turned away at once:
 * waiting for it could deadlock two half-read bodies, and would hide the overload from clients.
 */
export class ByteBudget {
  readonly bytesMax: number;
  #used = 0;

  constructor(options: { readonly bytesMax: number }) {
    this.bytesMax = options.bytesMax;
  }

  get usedBytes(): number {
    return this.#used;
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

  release(bytes: number): void {
    assert(bytes <= this.#used, "what is released was reserved");
    this.#used -= bytes;
  }
}
