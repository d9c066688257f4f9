import type { AbortSignalLike } from "@zoolog/base";
import type { BatchPlace, Delivery, Receiver, RequiredAcks, Stretch } from "./delivery.ts";

/** One record whose sender awaits its place. */
export class SingleSend<Acks extends RequiredAcks> implements Receiver {
  readonly #timestamp: number;
  readonly #resolve: (delivery: Delivery<Acks>) => void;
  readonly #reject: (reason: unknown) => void;
  #signal: AbortSignalLike | undefined;
  #takeBack: (() => void) | undefined;

  constructor(
    timestamp: number,
    resolve: (delivery: Delivery<Acks>) => void,
    reject: (reason: unknown) => void,
  ) {
    this.#timestamp = timestamp;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  /** @param takeBack keeps the record from being sent, where that is still possible. */
  abortWith(signal: AbortSignalLike, takeBack: (() => void) | undefined): void {
    this.#signal = signal;
    this.#takeBack = takeBack;
    signal.addEventListener("abort", this.#onAbort, { once: true });
  }

  delivered(place: BatchPlace, stretch: Stretch): void {
    this.#signal?.removeEventListener("abort", this.#onAbort);
    const { baseOffset, logAppendTime, partition } = place;
    const offset = baseOffset === undefined ? undefined : baseOffset + stretch.firstIndex;
    this.#resolve({
      partition,
      offset: offset as Delivery<Acks>["offset"],
      timestamp: logAppendTime ?? this.#timestamp,
    });
  }

  failed(error: unknown): void {
    this.#signal?.removeEventListener("abort", this.#onAbort);
    this.#reject(error);
  }

  /** What is in a batch already still travels; its outcome is nobody's any more. */
  readonly #onAbort = (): void => {
    this.#takeBack?.();
    this.#reject(this.#signal?.reason);
  };
}
