import { setMaxListeners } from "node:events";
import { type AbortSignalLike, CallAbort } from "@zoolog/base";

/**
 * An abort controller of our own. Every call under way listens to it: that is bounded elsewhere, and
 * Node's warning about more than ten listeners would be a false alarm.
 */
export function quietAbortController(): AbortController {
  const controller = new AbortController();
  setMaxListeners(0, controller.signal);
  return controller;
}

/** Makes a call with a signal that aborts when the first of these does, and leaves no listener. */
export async function untilAnyAborts<T>(
  signals: readonly AbortSignal[],
  call: (signal: AbortSignalLike) => Promise<T>,
): Promise<T> {
  const any = new CallAbort();
  const look = (): void => {
    const first = signals.find(({ aborted }) => aborted);
    if (first !== undefined) any.abort(first.reason);
  };
  for (const signal of signals) signal.addEventListener("abort", look, { once: true });
  look();
  try {
    return await call(any.signal);
  } finally {
    for (const signal of signals) signal.removeEventListener("abort", look);
  }
}
