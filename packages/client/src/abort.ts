import { setMaxListeners } from "node:events";
import type { AbortSignalLike } from "@zoolog/base";

/** Settles as `promise` does, unless the signal aborts first: then rejects with its reason. */
export function abortable<T>(promise: Promise<T>, signal: AbortSignalLike | undefined): Promise<T> {
  if (signal === undefined) return promise;
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      // The promise may still fail later, and nobody else listens to it here.
      promise.catch(() => {});
      reject(signal.reason);
      return;
    }
    const onAbort = (): void => reject(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
  });
}

export function throwIfAborted(signal: AbortSignalLike | undefined): void {
  if (signal?.aborted === true) throw signal.reason;
}

/**
 * An abort controller of our own. Every call under way listens to it: that is bounded elsewhere, and
 * Node's warning about more than ten listeners would be a false alarm.
 */
export function quietAbortController(): AbortController {
  const controller = new AbortController();
  setMaxListeners(0, controller.signal);
  return controller;
}
