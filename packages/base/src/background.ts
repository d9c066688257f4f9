import { errorMessage } from "./errors.ts";
import type { Logger } from "./ports/logger.ts";

/**
 * The only way to start work that nobody awaits. A failure is logged under `name` and handed to
 * `onFailure` (a counter, or a shell that must stop); it never becomes an unhandled rejection.
 */
export function runInBackground(
  name: string,
  logger: Logger,
  task: () => Promise<unknown>,
  onFailure?: (error: unknown) => void,
): void {
  const failed = (error: unknown): void => {
    logger.error("background task failed", { task: name, error: errorMessage(error) });
    onFailure?.(error);
  };
  try {
    task().catch(failed);
  } catch (error) {
    failed(error);
  }
}
