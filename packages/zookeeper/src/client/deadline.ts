import type { AbortSignalLike, Scheduler } from "@zoolog/base";

/** One end for several steps, by time or by the caller's signal. */
export class Deadline {
  readonly #failed: Promise<never>;
  readonly #cancel: () => void;

  constructor(
    scheduler: Scheduler,
    options: {
      readonly ms: number;
      readonly error: () => Error;
      readonly signal?: AbortSignalLike | undefined;
    },
  ) {
    const { signal } = options;
    let cancel = (): void => {};
    this.#failed = new Promise<never>((_, reject) => {
      const aborted = (): void => reject(signal?.reason);
      const timer = scheduler.after(options.ms, () => reject(options.error()));
      if (signal?.aborted === true) aborted();
      signal?.addEventListener("abort", aborted, { once: true });
      cancel = () => {
        timer.cancel();
        signal?.removeEventListener("abort", aborted);
      };
    });
    this.#failed.catch(() => {});
    this.#cancel = cancel;
  }

  bound<T>(step: Promise<T>): Promise<T> {
    return Promise.race([this.#failed, step]);
  }

  cancel(): void {
    this.#cancel();
  }
}
