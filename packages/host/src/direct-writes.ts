import type { Clock } from "@zoolog/base";

/**
 * What the page cache takes in some 15 µs. The way to a thread of the pool and back costs two to three
 * times that in processor time, and as much again in waiting; from here on the copying is dearer.
 */
export const DIRECT_BYTES_MAX = 64 * 1024;

/** A write that took longer met a disk, not the page cache: as long as a turn of appends may be. */
const QUICK_MS = 20;

/** How much longer than the slow write itself nothing is written directly: one part in so many is lost. */
const REST_FACTOR = 100;

/**
 * Which writes are done in the caller's turn instead of by a thread of the pool
 * (docs/decisions/036-small-writes-go-direct.md). A direct write stops the event loop for as long as
 * it takes, so it is small, not done while the disk syncs (the kernel may let a write wait for that),
 * and not soon after one that was slow: a disk that stalls costs a hundredth of the time at most.
 */
export class DirectWrites {
  readonly #clock: Pick<Clock, "monotonic">;
  #syncs = 0;
  #notBefore = Number.NEGATIVE_INFINITY;

  constructor(dependencies: { readonly clock: Pick<Clock, "monotonic"> }) {
    this.#clock = dependencies.clock;
  }

  allows(bytes: number): boolean {
    if (bytes > DIRECT_BYTES_MAX || this.#syncs > 0) return false;
    return this.#clock.monotonic() >= this.#notBefore;
  }

  /** Runs a write that is allowed. */
  run(write: () => number): number {
    const began = this.#clock.monotonic();
    try {
      return write();
    } finally {
      const now = this.#clock.monotonic();
      const tookMs = now - began;
      if (tookMs > QUICK_MS) this.#notBefore = now + REST_FACTOR * tookMs;
    }
  }

  /** No write is direct until the sync has ended. */
  async whileSyncing(sync: () => Promise<void>): Promise<void> {
    this.#syncs += 1;
    try {
      await sync();
    } finally {
      this.#syncs -= 1;
    }
  }
}
