import type { Clock, Scheduler } from "@zoolog/base";
import { ReadLease } from "@zoolog/log";
import type { ReadMemory } from "@zoolog/replication";
import type { ShareAsked } from "./byte-budget.ts";
import type { Call } from "./call.ts";
import { throttled } from "./errors.ts";

/** One answer's part of the bytes in flight: eight of the largest fit at a time. */
const ANSWERS_IN_FLIGHT = 8;

/** Room that readers leave: answers whose readers are slow must not keep requests from coming in. */
const ANSWERS_LEFT_TO_REQUESTS = 2;

/** Longest that one answer of batches may be; its first batch comes even when it is longer. */
export function answerBytesMax(inFlightBytesMax: number): number {
  return Math.floor(inFlightBytesMax / ANSWERS_IN_FLIGHT);
}

type Parts = {
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly limits: { readonly roomWaitMs: number };
};

/**
 * Memory of one answer, charged before it is read: thousands of readers at once would hold gigabytes
 * before the first of them could be turned away. Where memory is short a reader gets less of it, and
 * where there is none it waits in turn, as long as its caller would wait for records.
 */
export class AnswerMemory implements ReadMemory {
  readonly #call: Call;
  readonly #parts: Parts;
  readonly #bytesMax: number;
  readonly #deadline: number;
  readonly #isSeenOut: boolean;
  #lease: ReadLease | undefined;
  #heldBytes = 0;

  /**
   * @param options `bytesMax`: `answerBytesMax` of the bytes in flight that the call counts among;
   *   `isSeenOut`: the call does not end before the kernel has every byte of the answer, or none of
   *   them are sent any more.
   */
  constructor(
    options: {
      readonly call: Call;
      readonly bytesMax: number;
      readonly maxWaitMs: number;
      readonly isSeenOut?: boolean | undefined;
    },
    parts: Parts,
  ) {
    this.#call = options.call;
    this.#parts = parts;
    this.#bytesMax = options.bytesMax;
    this.#deadline = parts.clock.monotonic() + options.maxWaitMs;
    this.#isSeenOut = options.isSeenOut ?? false;
  }

  /** Of one that is not seen out, nobody knows when its memory may be used again. */
  get lease(): ReadLease | undefined {
    if (this.#lease === undefined && this.#isSeenOut) {
      const lease = new ReadLease();
      this.#call.whenUnused(() => lease.giveBack());
      this.#lease = lease;
    }
    return this.#lease;
  }

  async reserve(asked: { readonly bytesMin: number; readonly bytesMax: number }): Promise<number> {
    const share = {
      bytesMin: Math.min(asked.bytesMin, this.#bytesMax),
      bytesMax: Math.min(asked.bytesMax, this.#bytesMax),
      bytesLeft: ANSWERS_LEFT_TO_REQUESTS * this.#bytesMax,
    };
    const granted = this.#call.tryShare(share) ?? (await this.#turn(share));
    this.#heldBytes += granted;
    return granted;
  }

  release(bytes: number): void {
    this.keep(this.#heldBytes - bytes);
  }

  /**
   * Holds so many bytes from now on: what was read, or what became of it. A first batch may be larger
   * than what was reserved for it.
   *
   * @throws ZoologError THROTTLING_QUOTA_EXCEEDED
   */
  keep(bytes: number): void {
    const more = bytes - this.#heldBytes;
    if (more > 0 && !this.#call.tryAdd(more)) throw noRoom();
    if (more < 0) this.#call.release(-more);
    this.#heldBytes = bytes;
  }

  #turn(share: ShareAsked): Promise<number> {
    const { clock, scheduler, limits } = this.#parts;
    const { signal } = this.#call;
    if (signal.aborted) return Promise.resolve(0);
    const waitMs = Math.max(this.#deadline - clock.monotonic(), limits.roomWaitMs);
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        leave();
        resolve(0);
      };
      const timer = scheduler.after(waitMs, () => {
        leave();
        reject(noRoom());
      });
      const giveUp = this.#call.waitForShare(share, (bytes) => {
        leave();
        resolve(bytes);
      });
      const leave = (): void => {
        timer.cancel();
        signal.removeEventListener("abort", onAbort);
        giveUp();
      };
      signal.addEventListener("abort", onAbort, { once: true });
    });
  }
}

function noRoom() {
  return throttled("too many bytes are in flight");
}
