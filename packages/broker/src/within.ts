import type { Scheduler } from "@zoolog/base";

/**
 * The result of `task`, or the error of `onTimeout` when it takes longer. The task itself goes on:
 * whoever gives up does not undo.
 */
export function within<T>(
  task: Promise<T>,
  options: {
    readonly timeoutMs: number;
    readonly scheduler: Scheduler;
    readonly onTimeout: () => Error;
  },
): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = options.scheduler.after(options.timeoutMs, () => reject(options.onTimeout()));
    task.then(
      (value) => {
        timer.cancel();
        resolve(value);
      },
      (error: unknown) => {
        timer.cancel();
        reject(error);
      },
    );
  });
}
