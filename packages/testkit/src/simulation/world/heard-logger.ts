import type { LogFields, Logger } from "@zoolog/base";

export type LogListener = (event: string, fields: LogFields) => void;

/** Passes lines on, and tells warnings and errors to whoever listens, with all their fields. */
export function heardLogger(
  logger: Logger,
  listeners: readonly LogListener[],
  fields: LogFields = {},
): Logger {
  const tell = (event: string, more: LogFields = {}): void => {
    if (listeners.length === 0) return;
    const all = { ...fields, ...more };
    for (const listener of listeners) listener(event, all);
  };
  return {
    debug: (event, more) => logger.debug(event, more),
    info: (event, more) => logger.info(event, more),
    warn: (event, more) => {
      logger.warn(event, more);
      tell(event, more);
    },
    error: (event, more) => {
      logger.error(event, more);
      tell(event, more);
    },
    child: (more) => heardLogger(logger.child(more), listeners, { ...fields, ...more }),
  };
}
