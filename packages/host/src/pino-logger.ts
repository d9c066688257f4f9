import type { Logger } from "@zoolog/base";
import { type DestinationStream, type Logger as PinoLogger, pino } from "pino";

export type LogLevel = "debug" | "info" | "warn" | "error" | "silent";

/** JSON lines by pino, on stderr unless told otherwise: stdout is for data. */
export function createLogger(options: {
  readonly level: LogLevel;
  readonly destination?: DestinationStream;
}): Logger {
  const destination = options.destination ?? pino.destination({ fd: 2, sync: true });
  return adapt(pino({ level: options.level, base: null }, destination));
}

function adapt(logger: PinoLogger): Logger {
  return {
    debug: (event, fields) => logger.debug(fields ?? {}, event),
    info: (event, fields) => logger.info(fields ?? {}, event),
    warn: (event, fields) => logger.warn(fields ?? {}, event),
    error: (event, fields) => logger.error(fields ?? {}, event),
    child: (fields) => adapt(logger.child(fields)),
  };
}
