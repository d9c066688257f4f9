import type { Clock, Scheduler, Timer } from "@zoolog/base";
import { timestamp } from "@zoolog/base";

/** The machine's clock. */
export const systemClock: Clock = {
  now: () => timestamp(Date.now()),
  monotonic: () => performance.now(),
};

/** Node's timers. */
export const systemScheduler: Scheduler = {
  after: (delayMs, task) => cancelling(setTimeout(task, delayMs), clearTimeout),
  every: (periodMs, task) => cancelling(setInterval(task, periodMs), clearInterval),
  soon: (task) => {
    setImmediate(task);
  },
};

function cancelling<T>(handle: T, clear: (handle: T) => void): Timer {
  return { cancel: () => clear(handle) };
}
