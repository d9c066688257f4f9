import { type AbortSignalLike, CallAbort, type Scheduler } from "@zoolog/base";
import { deliveryTimedOut, invalidOption } from "../errors.ts";

/** Longest delay of a timer in Node.js. */
const TIMEOUT_MS_MAX = 2 ** 31 - 1;

/**
 * Makes a call with a signal that aborts when the caller's does and after `timeoutMs`, whatever
 * comes first; a call that is over leaves neither timer nor listener.
 */
export async function withDeadline<T>(
  limits: { readonly timeoutMs: number; readonly signal?: AbortSignalLike | undefined },
  dependencies: { readonly where: string; readonly scheduler: Scheduler },
  call: (signal: AbortSignalLike) => Promise<T>,
): Promise<T> {
  const { signal, timeoutMs } = limits;
  if (!(timeoutMs > 0 && timeoutMs <= TIMEOUT_MS_MAX)) {
    throw invalidOption("timeoutMs", `must be a number of milliseconds above 0, not ${timeoutMs}`);
  }
  const limit = new CallAbort();
  const onAbort = (): void => limit.abort(signal?.reason);
  if (signal?.aborted === true) onAbort();
  signal?.addEventListener("abort", onAbort, { once: true });
  const timer = dependencies.scheduler.after(timeoutMs, () => {
    limit.abort(deliveryTimedOut(dependencies.where, timeoutMs, undefined));
  });
  try {
    return await call(limit.signal);
  } finally {
    timer.cancel();
    signal?.removeEventListener("abort", onAbort);
  }
}
