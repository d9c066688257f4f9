import { errorCode } from "@zoolog/base";

/**
 * What scripts can rely on; `zoolog --help` lists them. Usage is what is wrong with the words of the
 * command line whatever the cluster holds; what the cluster's state refuses (a topic of that name
 * exists, or one too like it; a record is too long for it) is a failure.
 */
export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
  notFound: 3,
  timeout: 5,
  unhealthy: 10,
  /** As shells have it: 128 and the number of SIGINT. */
  interrupted: 130,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

const BY_CODE: Readonly<Record<string, ExitCode>> = {
  USAGE: EXIT.usage,
  INVALID_OPTION: EXIT.usage,
  INVALID_OFFSETS: EXIT.usage,
  INVALID_CONFIG: EXIT.usage,
  UNKNOWN_TOPIC_OR_PARTITION: EXIT.notFound,
  GROUP_ID_NOT_FOUND: EXIT.notFound,
  BROKER_NOT_AVAILABLE: EXIT.notFound,
  OFFSET_NOT_FOUND: EXIT.notFound,
  RECORD_NOT_FOUND: EXIT.notFound,
  ENOENT: EXIT.notFound,
  REQUEST_TIMED_OUT: EXIT.timeout,
  DELIVERY_TIMED_OUT: EXIT.timeout,
  UNHEALTHY: EXIT.unhealthy,
};

export function exitCodeOf(error: unknown): ExitCode {
  return BY_CODE[errorCode(error) ?? ""] ?? EXIT.failed;
}
